// Package report holds the result of a review as one value, and renders it as JSON and as text for a terminal.
package report

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"ecommerce-platform/policy/clients"
	"ecommerce-platform/policy/cost"
	"ecommerce-platform/policy/cronjob"
	"ecommerce-platform/policy/growth"
	"ecommerce-platform/policy/model"
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
	May    = "may not work"
	Fails  = "does not work"
)

// AnyOrder is the policy on what works, but not in whatever order pods come and whichever of equal nodes they get.
const AnyOrder = "any-order"

// Baselines that placement, rollouts, drains and node loss start from.
const (
	NewCluster = "a new cluster"
	Runs       = "what runs"
	Base       = "what the base declares"
)

// Changes tells whether the report is of a change to something, not of a new cluster.
func (r *Report) Changes() bool { return r.Baseline == Runs || r.Baseline == Base }

// Report is everything that the pack found out.
type Report struct {
	Verdict string `json:"verdict"`
	// Headline is the verdict, what clients will see and the cost, one sentence each.
	Headline string   `json:"headline"`
	Layers   []string `json:"layers"`
	// Baseline is NewCluster, Runs or Base, empty where nothing was placed. Update is what becomes of nodes on the way from what runs,
	// Outages are tiers without a ready pod meanwhile, and Before is what the change starts from.
	Baseline string              `json:"baseline,omitempty"`
	Update   []update.NodeChange `json:"update,omitempty"`
	Outages  []update.Outage     `json:"outages,omitempty"`
	// Clients are what they see of the update, and Seconds is roughly how long it takes.
	Clients      []clients.Seen    `json:"clients,omitempty"`
	Seconds      int               `json:"seconds,omitempty"`
	Before       *State            `json:"before,omitempty"`
	Network      Network           `json:"network"`
	Placement    Placement         `json:"placement"`
	Rollouts     []rollout.Rollout `json:"rollouts"`
	Drains       []rollout.Drain   `json:"drains"`
	NodeLoss     []nodeloss.Loss   `json:"nodeLoss"`
	Growth       []growth.Growth   `json:"growth,omitempty"`
	CronJobs     []cronjob.Run     `json:"cronJobs,omitempty"`
	Reachability []reach.Path      `json:"reachability"`
	Violations   []Violation       `json:"violations"`
	Waived       []Waived          `json:"waived,omitempty"`
	Cost         cost.Estimate     `json:"cost"`
	NotEvaluated []model.Gap       `json:"notEvaluated"`
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
	// Source is where the program registers the resource, a file and a line such as infra/nodes.go:45. Empty where that is not known: the
	// engine gives a policy pack no position.
	Source string `json:"source,omitempty"`
}

// Levels of a violation: one fails the preview, the other is shown and lets it pass.
const (
	Mandatory = "mandatory"
	Advisory  = "advisory"
)

// Conclude sets the verdict and the headline from what was found.
func (r *Report) Conclude() {
	r.Verdict = Works
	if len(r.NotEvaluated) > 0 {
		r.Verdict = Partly
	}
	if slices.ContainsFunc(r.Violations, func(v Violation) bool { return v.Rule == AnyOrder }) {
		r.Verdict = May
	}
	if r.Count(Mandatory) > 0 {
		r.Verdict = Fails
	}
	r.Headline = r.Summary(nil)
}

// Count is how many violations of a level there are.
func (r *Report) Count(level string) int {
	n := 0
	for _, v := range r.Violations {
		if v.Level == level {
			n++
		}
	}
	return n
}

// Encode is the report's JSON, which docs/report.schema.json describes: a list of nothing is empty, not null.
func (r *Report) Encode() ([]byte, error) {
	fill(reflect.ValueOf(r))
	body, err := json.MarshalIndent(r, "", "  ")
	return append(body, '\n'), err
}

// fill makes nil lists and objects empty ones, at any depth.
func fill(value reflect.Value) {
	switch value.Kind() {
	case reflect.Pointer:
		if !value.IsNil() {
			fill(value.Elem())
		}
	case reflect.Struct:
		for i := range value.NumField() {
			fill(value.Field(i))
		}
	case reflect.Slice:
		if value.IsNil() {
			value.Set(reflect.MakeSlice(value.Type(), 0, 0))
		}
		for i := range value.Len() {
			fill(value.Index(i))
		}
	case reflect.Map:
		if value.IsNil() {
			value.Set(reflect.MakeMap(value.Type()))
		}
	}
}

// Decode reads a report that Save wrote.
func Decode(body []byte) (*Report, error) {
	r := &Report{}
	if err := json.Unmarshal(body, r); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return r, nil
}

// Save writes the JSON to the file that the environment names, if it names one.
func (r *Report) Save() error {
	path := os.Getenv(File)
	if path == "" {
		return nil
	}
	body, err := r.Encode()
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, body, 0o644); err != nil {
		return fmt.Errorf("%s %q: %w", File, path, err)
	}
	return nil
}

// Text is the report as a person reads it in a terminal.
func (r *Report) Text() string {
	var b strings.Builder
	b.WriteString(r.Headline + "\n")
	if r.Verdict != "" {
		fmt.Fprintf(&b, "\nVerdict: %s%s\n", r.Verdict, r.counts())
	}
	r.updateText(&b)
	r.placementText(&b)
	r.rolloutText(&b)
	r.lossText(&b)
	r.growthText(&b)
	r.cronJobText(&b)
	r.reachText(&b)
	r.costText(&b)
	r.waivedText(&b)
	if len(r.NotEvaluated) > 0 {
		b.WriteString("\nNot evaluated, because the preview cannot know it yet\n")
		for _, line := range r.gapLines() {
			fmt.Fprintf(&b, "  not evaluated: %s\n", line)
		}
	}
	if n := len(r.BlindRules); n > 0 {
		fmt.Fprintf(&b, "  %d of the policies evaluated nothing: %s\n", n, strings.Join(r.BlindRules, ", "))
	}
	return b.String()
}

// counts is how many policies are broken, in brackets after a space.
func (r *Report) counts() string {
	var parts []string
	for _, level := range []string{Mandatory, Advisory} {
		if n := r.Count(level); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, level))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// Row is where docs/policies.md describes a policy: the page, seen from its directory, and the row's anchor.
func Row(policy string) string { return "policies.md#" + policy }

// ShortType is the last part of a resource's type, such as Deployment.
func ShortType(token string) string { return token[strings.LastIndexAny(token, ":$")+1:] }
