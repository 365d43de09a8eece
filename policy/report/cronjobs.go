package report

import (
	"fmt"
	"io"
	"strings"

	"ecommerce-platform/policy/cronjob"
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
	rows[0] = append(rows[0], "pending")
	further := r.Verdict != "" // once a node is lost or drained, nobody asks what if another one is
	if further {
		rows[0] = append(rows[0], "waits while drained", "waits without")
	}
	var notes []string
	for _, run := range r.CronJobs {
		row := []string{run.Tier, fmt.Sprint(run.Replicas)}
		for _, node := range r.Placement.Nodes {
			row = append(row, count(run.PerNode[node.Node]))
		}
		row = append(row, count(run.Pending))
		if further {
			row = append(row, orNone(cronjob.Waits(run.WithoutDrained, run.PerhapsDrained)), orNone(cronjob.Waits(run.WithoutLost, run.PerhapsLost)))
		}
		rows = append(rows, row)
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

// RunEffect names the CronJobs of which a run does not find its nodes. It is empty where there are none.
func (r *Report) RunEffect() string {
	var waiting []string
	for _, run := range r.CronJobs {
		if run.Pending > 0 {
			waiting = append(waiting, run.Tier)
		}
	}
	if len(waiting) == 0 {
		return ""
	}
	return fmt.Sprintf("CronJobs whose runs wait for a node then: %s.", strings.Join(waiting, ", "))
}
