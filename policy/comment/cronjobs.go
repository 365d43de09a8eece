package comment

import (
	"fmt"
	"strings"

	"ecommerce-platform/policy/cronjob"
	"ecommerce-platform/policy/report"
)

// cronJobs shows where a run of each CronJob lands, and without which nodes it waits.
func cronJobs(r *report.Report) string {
	if len(r.CronJobs) == 0 {
		return ""
	}
	var rows [][]string
	whole := 0
	for _, run := range r.CronJobs {
		outcome := "✅"
		switch {
		case run.Pending > 0:
			outcome = fmt.Sprintf("❌ %d of %s pending: %s", run.Pending, count(run.Replicas, "pod"), strings.Join(run.Reasons, " "))
		case run.Doubt != "":
			outcome = "⚠️ may not: " + run.Doubt
		}
		if run.Pending == 0 {
			whole++
		}
		if len(run.Preempts) > 0 {
			outcome += "; ❌ preempts pods of " + strings.Join(run.Preempts, ", ") + ", which then find no node"
		}
		drained := strings.Join(cronjob.Waits(run.WithoutDrained, run.PerhapsDrained), ", ")
		lost := strings.Join(cronjob.Waits(run.WithoutLost, run.PerhapsLost), ", ")
		rows = append(rows, []string{cell(run.Tier), cell(pods(run.PerNode)), cell(outcome), cell(drained), cell(lost)})
	}
	return fold(fmt.Sprintf("CronJobs %s: a run of %d of %d finds its nodes", on(r), whole, len(r.CronJobs)),
		table([]string{"CronJob", "a run's pods", "finds nodes", "waits while drained", "waits without"}, rows))
}
