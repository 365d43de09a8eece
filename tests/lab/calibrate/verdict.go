package calibrate

import (
	"fmt"
	"slices"
	"strings"

	"ecommerce-platform/tests/lab/calibrate/trial"
)

// verdict is whether a change works, and why not, a sentence for each reason.
type verdict struct {
	Works bool `json:"works"`
	// May is set where it works in one order of pods and one choice among equal nodes, and not in another.
	May bool     `json:"may,omitempty"`
	Why []string `json:"why,omitempty"`
}

func verdictOf(why []string) verdict { return verdict{Works: len(why) == 0, Why: why} }

// mayOf is of what may not work, where why says so.
func mayOf(why string) verdict {
	if why == "" {
		return verdictOf(nil)
	}
	return verdict{May: true, Why: []string{why}}
}

// ofChange is what the report says of the change itself: not of a rollout, a drain or a run of a CronJob that it does not bring, which is
// the probe's.
func (o *opinion) ofChange() verdict {
	var why []string
	may := ""
	for _, v := range o.Report.Violations {
		if v.Rule == "any-order" {
			may = v.Message
		}
		if v.Rule == "placement" && !ofCronJob(v.Resource) || v.Rule == "policy-pack-error" {
			why = append(why, v.Message)
		}
	}
	for _, r := range o.Report.Rollouts {
		if r.Now && !r.Completes {
			why = append(why, fmt.Sprintf("%s does not roll: %s", r.Tier, r.Stuck))
		}
	}
	for _, n := range o.Report.Update {
		for _, b := range n.Blocked {
			why = append(why, fmt.Sprintf("%s %s: %s", n.Node, n.What, b.Reason))
		}
	}
	if len(why) == 0 {
		return mayOf(may)
	}
	return verdictOf(why)
}

// ofCronJob tells whether a URN is that of a CronJob.
func ofCronJob(urn string) bool { return strings.Contains(urn, ":CronJob::") }

// ofProbe is what the report says of what is tried after the change.
func (o *opinion) ofProbe(p trial.Probe) (verdict, error) {
	if p.CronJob != "" {
		return o.ofRun(p)
	}
	for _, r := range o.Report.Rollouts {
		if p.Tier != "" && r.Tier == p.Tier {
			if r.Completes {
				return mayOf(r.Doubt), nil
			}
			return verdictOf([]string{fmt.Sprintf("%s does not roll: %s", r.Tier, r.Stuck)}), nil
		}
	}
	for _, d := range o.Report.Drains {
		if p.Node != "" && d.Node == p.Node {
			if len(d.Blocked) == 0 {
				return mayOf(d.Doubt), nil
			}
			var why []string
			for _, b := range d.Blocked {
				why = append(why, fmt.Sprintf("%s is not drained: %s", d.Node, b.Reason))
			}
			return verdictOf(why), nil
		}
	}
	return verdict{}, fmt.Errorf("the report does not say whether %s works", p)
}

// ofRun is what the report says of a run of a CronJob.
func (o *opinion) ofRun(p trial.Probe) (verdict, error) {
	for _, r := range o.Report.CronJobs {
		switch {
		case r.Tier != p.CronJob:
		case r.Pending > 0:
			return verdictOf([]string{fmt.Sprintf("a run of %s waits: %s", r.Tier, strings.Join(r.Reasons, " "))}), nil
		case slices.Contains(r.WithoutDrained, p.Node):
			return verdictOf([]string{fmt.Sprintf("a run of %s waits while %s is drained", r.Tier, p.Node)}), nil
		case p.Node == "" && len(r.Preempts) > 0:
			return verdictOf([]string{fmt.Sprintf("a run of %s leaves pods of %s without a node", r.Tier, strings.Join(r.Preempts, ", "))}), nil
		case slices.Contains(r.PerhapsWithoutDrained, p.Node):
			return mayOf(fmt.Sprintf("a run of %s perhaps waits while %s is drained", r.Tier, p.Node)), nil
		default:
			return mayOf(r.Doubt), nil
		}
	}
	return verdict{}, fmt.Errorf("the report does not say whether %s works", p)
}

func (v verdict) String() string {
	if v.Works {
		return "works"
	}
	if v.May {
		return "may not work: " + strings.Join(v.Why, "; ")
	}
	return "does not work: " + strings.Join(v.Why, "; ")
}
