// Package report is what a preview tells of a stack besides the engine's own diff: one value that renders as text and as
// JSON.
package report

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"ecommerce-platform/policy/clients"
	"ecommerce-platform/policy/cost"
	"ecommerce-platform/policy/nodeloss"
	"ecommerce-platform/policy/placement"
	"ecommerce-platform/policy/reach"
	"ecommerce-platform/policy/rollout"
	"ecommerce-platform/policy/update"
)

// File is the environment variable that names the file for the report's JSON.
const File = "PLATFORM_REPORT"

// Verdicts, worst last.
const (
	Works  = "works"
	Partly = "works, not everything could be evaluated"
	Fails  = "does not work"
)

// Baselines that placement, rollouts, drains and node loss start from.
const (
	NewCluster = "a new cluster"
	Runs       = "what runs"
)

// Report is everything that the pack found out.
type Report struct {
	Verdict string   `json:"verdict"`
	Layers  []string `json:"layers"`
	// Baseline is NewCluster or Runs, empty where nothing was placed. Update is what becomes of nodes on the way from what runs, and
	// Outages are tiers without a ready pod meanwhile.
	Baseline string              `json:"baseline,omitempty"`
	Update   []update.NodeChange `json:"update,omitempty"`
	Outages  []update.Outage     `json:"outages,omitempty"`
	// Clients are what they see of the update, and Seconds is roughly how long it takes.
	Clients      []clients.Seen    `json:"clients,omitempty"`
	Seconds      int               `json:"seconds,omitempty"`
	Placement    Placement         `json:"placement"`
	Rollouts     []rollout.Rollout `json:"rollouts"`
	Drains       []rollout.Drain   `json:"drains"`
	NodeLoss     []nodeloss.Loss   `json:"nodeLoss"`
	Reachability []reach.Path      `json:"reachability"`
	Violations   []Violation       `json:"violations"`
	Cost         cost.Estimate     `json:"cost"`
	NotEvaluated []string          `json:"notEvaluated"`
	// BlindRules are rules that evaluated nothing, since all that they asked for is unknown.
	BlindRules []string `json:"blindRules,omitempty"`
}

// Placement is where pods go and what that asks of nodes.
type Placement struct {
	Nodes []placement.NodeUse       `json:"nodes"`
	Tiers []placement.TierPlacement `json:"tiers"`
}

// Violation is one broken policy.
type Violation struct {
	Rule     string `json:"rule"`
	Level    string `json:"level"`
	Resource string `json:"resource"`
	Message  string `json:"message"`
}

// Mandatory is the level of a violation that fails the preview.
const Mandatory = "mandatory"

// Conclude sets the verdict from what was found.
func (r *Report) Conclude() {
	r.Verdict = Works
	if len(r.NotEvaluated) > 0 {
		r.Verdict = Partly
	}
	for _, v := range r.Violations {
		if v.Level == Mandatory {
			r.Verdict = Fails
			return
		}
	}
}

// Save writes the JSON to the file that the environment names, if it names one.
func (r *Report) Save() error {
	path := os.Getenv(File)
	if path == "" {
		return nil
	}
	body, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, append(body, '\n'), 0o644); err != nil {
		return fmt.Errorf("%s %q: %w", File, path, err)
	}
	return nil
}

// Text is the report as a person reads it in a terminal.
func (r *Report) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Verdict: %s%s\n", r.Verdict, r.counts())
	r.updateText(&b)
	r.placementText(&b)
	r.rolloutText(&b)
	r.lossText(&b)
	r.reachText(&b)
	r.costText(&b)
	if len(r.NotEvaluated) > 0 {
		b.WriteString("\nNot evaluated, because the preview cannot know it yet\n")
		for _, line := range folded(r.NotEvaluated) {
			fmt.Fprintf(&b, "  not evaluated: %s\n", line)
		}
	}
	if n := len(r.BlindRules); n > 0 {
		fmt.Fprintf(&b, "  %d of the policies evaluated nothing: %s\n", n, strings.Join(r.BlindRules, ", "))
	}
	return b.String()
}

func (r *Report) counts() string {
	mandatory := 0
	for _, v := range r.Violations {
		if v.Level == Mandatory {
			mandatory++
		}
	}
	advisory := len(r.Violations) - mandatory
	switch {
	case mandatory+advisory == 0:
		return ""
	case advisory == 0:
		return fmt.Sprintf(" (%d mandatory)", mandatory)
	case mandatory == 0:
		return fmt.Sprintf(" (%d advisory)", advisory)
	default:
		return fmt.Sprintf(" (%d mandatory, %d advisory)", mandatory, advisory)
	}
}
