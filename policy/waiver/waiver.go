// Package waiver reads which broken policies somebody has decided to live with, why, and until when.
package waiver

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"ecommerce-platform/policy/rules"
)

// Policy is the policy that says what is wrong with waivers.
const Policy = "waivers-used"

// Waiver lets one resource break one policy.
type Waiver struct {
	// Rule is the policy, such as image-digest.
	Rule string `json:"rule"`
	// Resource is the name that the program gives the resource, or its type and name as they end its URN: <type>::<name>.
	Resource string `json:"resource"`
	// Reason is why that is well so, and Decided the day of the decision, such as 2026-11-30. The report shows both.
	Reason  string `json:"reason"`
	Decided string `json:"decided"`
	// Expires is the first day on which it counts no longer. Default, it has no end.
	Expires string `json:"expires,omitempty"`
}

//go:embed waivers.json
var file []byte

// All are those of waivers.json. They are a part of the pack, so that those of a pull request count in its own preview, and in the comment
// on it once they are in the default branch.
func All() ([]Waiver, error) { return read(file) }

func read(body []byte) ([]Waiver, error) {
	var waivers []Waiver
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&waivers); err != nil {
		return nil, fmt.Errorf("waivers.json: %w", err)
	}
	return waivers, nil
}

// Waived is a finding that a waiver is about.
type Waived struct {
	rules.Finding
	Waiver
}

// Stack is what waivers are held against.
type Stack struct {
	// Findings are what is wrong, by policy. Those that are waived are taken out.
	Findings map[string][]rules.Finding
	// URNs are those of all resources. Where Whole is set there are no others, in a stack of another layer.
	URNs  []string
	Whole bool
	// Blind are policies that evaluated nothing: that they found nothing says nothing.
	Blind []string
	// Waivable tells whether there is a policy of this name that can be waived.
	Waivable func(rule string) bool
	Now      time.Time
}

// Apply takes what is waived out of the findings, and says of each waiver that waives nothing why.
func (s *Stack) Apply(waivers []Waiver) (waived []Waived, problems []rules.Finding) {
	for i, w := range waivers {
		problem := s.wrong(w)
		if problem == "" {
			var found []Waived
			found, s.Findings[w.Rule] = w.split(s.Findings[w.Rule])
			waived = append(waived, found...)
			if len(found) == 0 {
				problem = s.unused(w)
			}
		}
		if problem != "" {
			problems = append(problems, rules.Finding{Message: fmt.Sprintf("waivers.json[%d] of %q for %q: %s", i, w.Rule, w.Resource, problem)})
		}
	}
	return waived, problems
}

// wrong says why a waiver does not count, or nothing.
func (s *Stack) wrong(w Waiver) string {
	_, undecided := time.Parse(time.DateOnly, w.Decided)
	end, endless := time.Parse(time.DateOnly, w.Expires)
	switch {
	case !s.Waivable(w.Rule):
		return "there is no such rule that can be waived; docs/policies.md lists them"
	case w.Resource == "":
		return "it names no resource; a rule is waived for one at a time"
	case strings.TrimSpace(w.Reason) == "":
		return "it gives no reason; say why the resource may be so, for those who review it"
	case undecided != nil:
		return fmt.Sprintf("decided %q is no day; write it as 2026-11-30", w.Decided)
	case w.Expires != "" && endless != nil:
		return fmt.Sprintf("expires %q is no day; write it as 2026-11-30", w.Expires)
	case w.Expires != "" && !s.Now.Before(end):
		return fmt.Sprintf("it expired on %s; mend what it waives, or decide anew", w.Expires)
	}
	return ""
}

// unused says why a waiver can go, or nothing where this stack does not tell.
func (s *Stack) unused(w Waiver) string {
	for _, rule := range s.Blind {
		if rule == w.Rule {
			return ""
		}
	}
	for _, urn := range s.URNs {
		if w.isAbout(urn) {
			return "it waives nothing, since the resource keeps the rule; remove it"
		}
	}
	if s.Whole {
		return "it waives nothing, since there is no such resource; remove it, or correct the name"
	}
	return ""
}

// split takes the findings that the waiver is about from the others.
func (w Waiver) split(findings []rules.Finding) (about []Waived, others []rules.Finding) {
	for _, finding := range findings {
		if w.isAbout(finding.Resource) {
			about = append(about, Waived{finding, w})
		} else {
			others = append(others, finding)
		}
	}
	return about, others
}

// isAbout compares with a URN, which ends in ::<type>::<name>; the type has those of the components before it.
func (w Waiver) isAbout(urn string) bool {
	parts := strings.SplitN(urn, "::", 4)
	if len(parts) < 4 {
		return false
	}
	token, name := parts[2][strings.LastIndex(parts[2], "$")+1:], parts[3]
	return w.Resource == name || w.Resource == token+"::"+name
}
