package calibrate

import (
	"fmt"
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

// ofChange is what the report says of the change itself: not of a rollout or a drain that it does not bring, which is the probe's.
func (o *opinion) ofChange() verdict {
	var why []string
	may := ""
	for _, v := range o.Report.Violations {
		if v.Rule == "any-order" {
			may = v.Message
		}
		if v.Rule == "placement" || v.Rule == "policy-pack-error" {
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

// ofProbe is what the report says of what is tried after the change.
func (o *opinion) ofProbe(p trial.Probe) (verdict, error) {
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

func (v verdict) String() string {
	if v.Works {
		return "works"
	}
	if v.May {
		return "may not work: " + strings.Join(v.Why, "; ")
	}
	return "does not work: " + strings.Join(v.Why, "; ")
}
