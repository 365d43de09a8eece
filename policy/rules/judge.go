package rules

import (
	"fmt"

	"ecommerce-platform/policy/model"
)

// judge is one rule at work on one stack. What it asks for and is unknown, it reports as not evaluated.
type judge struct {
	stack *model.Stack
	found []Finding
}

// fail reports that a resource breaks the rule.
func (j *judge) fail(r *model.Resource, format string, args ...any) {
	j.found = append(j.found, Finding{Resource: r.URN, Message: fmt.Sprintf(format, args...)})
}

// known tells whether the value at path and everything in it is known. A path reads like spec.ports[0].port.
func (j *judge) known(r *model.Resource, path string) bool {
	below := r.UnknownBelow(path)
	if len(below) == 0 || undeclared(r, path) {
		return true
	}
	for _, unknown := range below {
		j.stack.NotEvaluated(r, unknown)
	}
	return false
}

// undeclared tells whether the program says nothing of a property and only the provider will: what a program gives and
// is unknown comes from another resource.
func undeclared(r *model.Resource, path string) bool {
	property, _, _ := cutPath(path)
	return r.Unknown(property) && len(r.References(property)) == 0
}

// text is the string at path, empty where there is none.
func (j *judge) text(r *model.Resource, path string) (value string, known bool) {
	if !j.known(r, path) {
		return "", false
	}
	value, _ = r.Text(path)
	return value, true
}

// truth is the boolean at path, or otherwise where there is none.
func (j *judge) truth(r *model.Resource, path string, otherwise bool) (value, known bool) {
	if !j.known(r, path) {
		return false, false
	}
	found, _ := r.Value(path)
	if value, ok := found.(bool); ok {
		return value, true
	}
	return otherwise, true
}

// number is the number at path, or otherwise where there is none.
func (j *judge) number(r *model.Resource, path string, otherwise int) (value int, known bool) {
	if !j.known(r, path) {
		return 0, false
	}
	found, _ := r.Value(path)
	if value, ok := found.(float64); ok {
		return int(value), true
	}
	return otherwise, true
}
