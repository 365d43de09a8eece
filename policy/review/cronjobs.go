package review

import (
	"fmt"
	"slices"
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

// doubtRuns notes which runs find their nodes in one course alone, or leave others theirs, also while a node is away. A row is of a course
// in which the run does, if there is one.
func (r *Review) doubtRuns(others []cronjob.Run) {
	for i := range r.Report.CronJobs {
		here := &r.Report.CronJobs[i]
		for _, other := range others {
			if other.URN != here.URN {
				continue
			}
			if here.Pending == 0 && other.Pending == 0 {
				other.WithoutDrained, other.PerhapsDrained = differ(here.WithoutDrained, here.PerhapsDrained, other.WithoutDrained)
				other.WithoutLost, other.PerhapsLost = differ(here.WithoutLost, here.PerhapsLost, other.WithoutLost)
				here.WithoutDrained, here.PerhapsDrained = other.WithoutDrained, other.PerhapsDrained
				here.WithoutLost, here.PerhapsLost = other.WithoutLost, other.PerhapsLost
			}
			switch why, otherwise := fault(*here), fault(other); {
			case why == "" && otherwise != "" && here.Doubt == "":
				here.Doubt = otherwise
			case why != "" && otherwise == "":
				other.Doubt = why
				*here = other
			}
		}
	}
}

// fault is why a run does not work, empty where it does.
func fault(run cronjob.Run) string {
	why := slices.Clone(run.Reasons)
	if len(run.Preempts) > 0 {
		why = append(why, fmt.Sprintf("it preempts pods of %s, which then find no node", strings.Join(run.Preempts, ", ")))
	}
	return strings.Join(why, " ")
}

// differ takes out of the certain nodes those that another course does not have, and adds to the others what either has alone.
func differ(certain, perhaps, other []string) (always, sometimes []string) {
	always = slices.DeleteFunc(slices.Clone(certain), func(node string) bool { return !slices.Contains(other, node) })
	sometimes = slices.DeleteFunc(slices.Concat(perhaps, certain, other), func(node string) bool { return slices.Contains(always, node) })
	slices.Sort(sometimes)
	return always, slices.Compact(sometimes)
}
