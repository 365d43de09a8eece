package review

import (
	"fmt"
	"strings"

	"ecommerce-platform/policy/cronjob"
)

// unstarted are CronJobs whose runs do not find nodes for all their pods, or take those of others.
func unstarted(runs []cronjob.Run) []Finding {
	var findings []Finding
	for _, run := range runs {
		if run.Pending > 0 {
			findings = append(findings, unplaced(run.TierPlacement, "pods of a run"))
		}
		if len(run.Preempts) > 0 {
			findings = append(findings, Finding{Resource: run.URN, Message: fmt.Sprintf(
				"cronjob %s: pods of a run preempt pods of %s, which then find no node; give nodes more room, or the class preemptionPolicy: Never",
				run.Tier, strings.Join(run.Preempts, ", "))})
		}
	}
	return findings
}

// doubtRuns notes which runs find their nodes in one course alone. A row is of a course in which the run does, if there is one.
func (r *Review) doubtRuns(others []cronjob.Run) {
	for i := range r.Report.CronJobs {
		here := &r.Report.CronJobs[i]
		for _, other := range others {
			switch {
			case other.URN != here.URN:
			case here.Pending == 0 && other.Pending > 0 && here.Doubt == "":
				here.Doubt = strings.Join(other.Reasons, " ")
			case here.Pending > 0 && other.Pending == 0:
				other.Doubt = strings.Join(here.Reasons, " ")
				*here = other
			}
		}
	}
}
