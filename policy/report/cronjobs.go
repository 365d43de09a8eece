package report

import (
	"fmt"
	"io"
	"strings"
)

// cronJobText tells where a run of each CronJob lands, and without which nodes it waits.
func (r *Report) cronJobText(w io.Writer) {
	if len(r.CronJobs) == 0 {
		return
	}
	rows := [][]string{{"CronJob", "pods"}}
	for _, node := range r.Placement.Nodes {
		rows[0] = append(rows[0], node.Node)
	}
	rows[0] = append(rows[0], "pending", "waits while drained", "waits without")
	var notes []string
	for _, run := range r.CronJobs {
		row := []string{run.Tier, fmt.Sprint(run.Replicas)}
		for _, node := range r.Placement.Nodes {
			row = append(row, count(run.PerNode[node.Node]))
		}
		rows = append(rows, append(row, count(run.Pending), orNone(run.WithoutDrained), orNone(run.WithoutLost)))
		notes = append(notes, placementNotes(run.TierPlacement)...)
		if run.Doubt != "" {
			notes = append(notes, fmt.Sprintf("%s MAY NOT run: %s", run.Tier, run.Doubt))
		}
		if len(run.Preempts) > 0 {
			notes = append(notes, fmt.Sprintf("%s preempts pods of %s, which then find no node", run.Tier, strings.Join(run.Preempts, ", ")))
		}
	}
	table(w, r.on("Where a run of each CronJob lands, each alone", "Where a run of each CronJob lands after this change, each alone"), rows)
	for _, note := range notes {
		_, _ = fmt.Fprintf(w, "  %s\n", note)
	}
}
