package model

import (
	"maps"
	"slices"
	"strings"
)

// Gap is something that an analysis could not evaluate: a property of a resource, a resource as a whole, or a fact that no
// resource of the stack tells.
type Gap struct {
	// Type and Name are the resource's, empty where no resource tells the fact.
	Type string `json:"type,omitempty"`
	Name string `json:"name,omitempty"`
	// Path is the property, empty for the resource as a whole. It reads like spec.ports[0].port.
	Path string `json:"path,omitempty"`
	// Fact is what is missing, or why the property is of no use. Optional where there is a resource.
	Fact string `json:"fact,omitempty"`
	// Running is set where it is missing in what runs, not in what is declared.
	Running bool `json:"running,omitempty"`
}

// String is the gap in one line: type, name and path, then the fact.
func (g Gap) String() string {
	var words []string
	for _, word := range []string{g.Type, g.Name, g.Path} {
		if word != "" {
			words = append(words, word)
		}
	}
	text := strings.Join(words, " ")
	if text != "" && g.Fact != "" {
		text += ": "
	}
	text += g.Fact
	if g.Running {
		text = "what runs: " + text
	}
	return text
}

// NotEvaluated records, once, that an analysis met an unknown at path of r, or, without a path, r as a whole.
func (s *Stack) NotEvaluated(r *Resource, path string) {
	if r.Maker != nil {
		r, path = r.Maker, r.origin(path)
	}
	s.AddGap(Gap{Type: r.Type, Name: r.Name, Path: path})
}

// NotEvaluatedFact records, once, that an analysis lacks something that no resource of this stack tells.
func (s *Stack) NotEvaluatedFact(what string) { s.AddGap(Gap{Fact: what}) }

// AddGap records a gap, once.
func (s *Stack) AddGap(gap Gap) {
	if s.gaps == nil {
		s.gaps = map[Gap]bool{}
	}
	gap.Fact = s.Redact(gap.Fact)
	s.gaps[gap] = true
}

// Unevaluated returns what was recorded as not evaluated, sorted by its text.
func (s *Stack) Unevaluated() []Gap {
	gaps := slices.AppendSeq([]Gap{}, maps.Keys(s.gaps))
	slices.SortFunc(gaps, func(a, b Gap) int { return strings.Compare(a.String(), b.String()) })
	return gaps
}
