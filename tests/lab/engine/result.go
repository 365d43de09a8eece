package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	sdkurn "github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// URN names a resource.
type URN string

// Type is the resource's type token.
func (u URN) Type() tokens.Type { return sdkurn.URN(u).Type() }

// Name is the resource's name.
func (u URN) Name() string { return sdkurn.URN(u).Name() }

// String is the type and the name, which is as much as a reader needs.
func (u URN) String() string { return string(u.Type()) + " " + u.Name() }

// Step is what an operation does, or would do, to one resource.
type Step struct {
	Op  string
	URN URN
	// Diffs are the changed properties.
	Diffs []string
	// Inputs are the resource's properties as the program sets them, secrets masked; nil where it is deleted.
	Inputs map[string]any
}

func (s Step) String() string {
	text := s.Op + " " + s.URN.String()
	if len(s.Diffs) > 0 {
		text += " " + strings.Join(s.Diffs, ",")
	}
	return text
}

// Result is what an operation did, by the engine's own account.
type Result struct {
	Steps []Step
	// Changes counts the steps of each kind.
	Changes map[string]int
	// Diagnostics are the messages that stay after the operation.
	Diagnostics []Diagnostic
	// Output is what the CLI wrote, empty where it wrote to a terminal.
	Output string
}

// Diagnostic is a message of the engine, the program or a provider.
type Diagnostic struct {
	Severity string
	URN      URN
	Message  string
}

// Changed are the steps that change something, in a stable order.
func (r *Result) Changed() []Step {
	var changed []Step
	for _, step := range r.Steps {
		switch step.Op {
		case string(apitype.OpSame), string(apitype.OpRead), string(apitype.OpRefresh):
		default:
			changed = append(changed, step)
		}
	}
	sort.Slice(changed, func(i, j int) bool { return changed[i].String() < changed[j].String() })
	return changed
}

// Describe lists the changed steps, one a line.
func (r *Result) Describe() []string {
	lines := []string{}
	for _, step := range r.Changed() {
		lines = append(lines, step.String())
	}
	return lines
}

// Errors are the texts of the diagnostics that are errors.
func (r *Result) Errors() []string {
	var texts []string
	for _, d := range r.Diagnostics {
		if d.Severity == "error" {
			texts = append(texts, strings.TrimSpace(d.Message))
		}
	}
	return texts
}

func readEvents(log io.Reader) (*Result, error) {
	result := &Result{Changes: map[string]int{}}
	for decoder := json.NewDecoder(log); ; {
		var event apitype.EngineEvent
		if err := decoder.Decode(&event); errors.Is(err, io.EOF) {
			return result, nil
		} else if err != nil {
			return nil, err
		}
		switch {
		case event.ResourcePreEvent != nil:
			m := event.ResourcePreEvent.Metadata
			step := Step{Op: string(m.Op), URN: URN(m.URN), Diffs: append([]string{}, m.Diffs...)}
			slices.Sort(step.Diffs)
			if m.New != nil {
				step.Inputs = m.New.Inputs
			}
			result.Steps = append(result.Steps, step)
		case event.DiagnosticEvent != nil && !event.DiagnosticEvent.Ephemeral:
			d := event.DiagnosticEvent
			result.Diagnostics = append(result.Diagnostics, Diagnostic{d.Severity, URN(d.URN), plain(d.Prefix + d.Message)})
		case event.ErrorEvent != nil:
			result.Diagnostics = append(result.Diagnostics, Diagnostic{"error", "", event.ErrorEvent.Error})
		case event.PolicyEvent != nil:
			p := event.PolicyEvent
			text := fmt.Sprintf("%s: %s", p.PolicyName, p.Message)
			result.Diagnostics = append(result.Diagnostics, Diagnostic{"policy " + p.EnforcementLevel, URN(p.ResourceURN), plain(text)})
		case event.SummaryEvent != nil:
			for op, count := range event.SummaryEvent.ResourceChanges {
				result.Changes[string(op)] += count
			}
		}
	}
}

// plain takes the engine's colour directives, such as <{%reset%}>, out of a message.
func plain(text string) string {
	for {
		before, rest, found := strings.Cut(text, "<{%")
		if !found {
			return text
		}
		_, after, closed := strings.Cut(rest, "%}>")
		if !closed {
			return text
		}
		text = before + after
	}
}
