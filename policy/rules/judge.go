package rules

import (
	"fmt"
	"net/netip"
	"strings"

	"ecommerce-platform/policy/model"
)

// judge is one rule at work on one stack. What it asks for and is unknown, it reports as not evaluated.
type judge struct {
	*model.Stack
	found       []Finding
	controllers []workload // read once
	// seen and missed count what the rule asked for and found known, or unknown.
	seen, missed int
}

// fail reports that a resource breaks the rule.
func (j *judge) fail(r *model.Resource, format string, args ...any) {
	j.found = append(j.found, Finding{Resource: r.URN, Message: fmt.Sprintf(format, args...)})
}

// known tells whether the value at path and everything in it is known. A path reads like spec.ports[0].port.
func (j *judge) known(r *model.Resource, path string) bool {
	complete := true
	for _, unknown := range r.UnknownBelow(path) {
		if !declares(r, unknown) {
			continue
		}
		complete = false
		j.NotEvaluated(r, unknown)
	}
	j.count(complete)
	return complete
}

func (j *judge) count(known bool) {
	if known {
		j.seen++
	} else {
		j.missed++
	}
}

// there tells whether the value at path is known, whatever is unknown in it.
func (j *judge) there(r *model.Resource, path string) bool {
	known := !r.Unknown(path)
	j.count(known)
	if !known {
		j.NotEvaluated(r, path)
	}
	return known
}

// withheld tells whether the value at path is set and secret, which is all that there is to know of it.
func (j *judge) withheld(r *model.Resource, path string) bool {
	withheld := r.Withheld(path)
	if withheld {
		j.count(true)
	}
	return withheld
}

// secret tells whether a text is set at path, whatever it is, that the program keeps secret.
func (j *judge) secret(r *model.Resource, path string) bool {
	text, _ := r.Text(path)
	return j.withheld(r, path) || text != "" && r.Secret(path)
}

// declares tells whether what is unknown at a path comes from the program. Where a property of an AWS resource comes from
// no other resource, the program says nothing of it and AWS will: then AWS's default is what counts.
func declares(r *model.Resource, path string) bool {
	return !strings.HasPrefix(r.Type, "aws:") || len(r.References(path[:end(path)])) > 0
}

// end is where the name of a path's first property ends.
func end(path string) int {
	if i := strings.IndexAny(path, ".["); i >= 0 {
		return i
	}
	return len(path)
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

// block is the address block at path. What is none is for the API to refuse.
func (j *judge) block(r *model.Resource, path string) (netip.Prefix, bool) {
	text, known := j.text(r, path)
	if !known {
		return netip.Prefix{}, false
	}
	block, err := netip.ParsePrefix(text)
	return block.Masked(), err == nil
}

// of returns the resources of these types.
func (j *judge) of(types ...string) []*model.Resource {
	var found []*model.Resource
	for _, token := range types {
		found = append(found, j.Of(token)...)
	}
	return found
}

// stackName is the stack's, as every URN of it has it: urn:pulumi:<stack>::<project>::<type>::<name>.
func (j *judge) stackName() string {
	for _, r := range j.Resources {
		if rest, ok := strings.CutPrefix(r.URN, "urn:pulumi:"); ok {
			name, _, _ := strings.Cut(rest, "::")
			return name
		}
	}
	return ""
}
