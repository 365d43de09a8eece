package twin

import (
	"fmt"
	"maps"
	"slices"
)

// Kind is the shape of a property's value.
type Kind int

// The shapes that EC2's resources use.
const (
	String Kind = iota
	Bool
	Int
	StringList
	StringSet // a list whose order means nothing
	StringMap
	Object
	ObjectList
)

func (k Kind) String() string {
	return [...]string{"string", "boolean", "integer", "list of strings", "list of strings",
		"map of strings", "object", "list of objects"}[k]
}

// OnDelete says what becomes of the referring resource when the one it names is to be deleted.
type OnDelete int

// Keep leaves the referrer alone, Block refuses the deletion, Cascade lets the referrer vanish with it.
const (
	Keep OnDelete = iota
	Block
	Cascade
)

// Reference says that a property holds the identifier of another resource.
type Reference struct {
	Types    []string // tokens, any of which may be meant
	Code     string   // error code when it does not exist
	Message  string   // its message, with one %s for the identifier
	OnDelete OnDelete
}

// Property is one input of a resource type.
type Property struct {
	Kind     Kind
	Required bool
	Replace  bool // a change needs a new resource
	Filled   bool // EC2 fills it in when it is left out, so leaving it out later is no change
	Default  any  // what EC2 takes when it is left out
	Hashed   bool // outputs and state keep only the SHA-1 of it
	Absent   bool // exists on AWS, but the twin has nothing that behaves like it: refused
	Enum     []string
	Refers   *Reference
	Fields   map[string]Property // of Object and ObjectList
}

// Type is everything the twin knows about one resource type.
type Type struct {
	Token    string
	Noun     string // "EC2 Subnet", as the provider's errors call it
	Prefix   string // of identifiers
	ARN      string // resource part of its ARN, "" for none
	AutoName string // the input that gets a generated name when left out
	Global   bool   // the account's, not a region's
	Inputs   map[string]Property
	Computed []string // outputs that EC2 makes up

	// Validate reports what is wrong whatever the rest of the account looks like; unknown values pass.
	Validate func(in Values) []Failure
	// Replaces names further inputs whose change needs a new resource.
	Replaces func(old, new Values) []string
	// ID makes the identifier of a type that has no random one.
	ID func(in Values) string
	// Taken is the refusal when a resource has that identifier already.
	Taken *Refusal
	// Adopts finds the resource that Create takes over instead of making one; Delete gives it back.
	Adopts func(tx *Tx, in Values) *Record
	// Stays tells of a resource that its deletion only ends that it is managed. Another one of the same identifier takes it over.
	Stays func(r *Record) bool
	// Create, Update and Delete apply EC2's rules to the state and fill in r.Outputs.
	Create func(tx *Tx, r *Record) error
	Update func(tx *Tx, old Values, r *Record) error
	Delete func(tx *Tx, r *Record) error
	// Refresh brings r.Outputs up to what other resources did to it.
	Refresh func(tx *Tx, r *Record)
}

// Failure is one input that cannot be accepted.
type Failure struct{ Property, Reason string }

func fail(property, format string, args ...any) []Failure {
	return []Failure{{property, fmt.Sprintf(format, args...)}}
}

// check compares values with the table: unknown names, missing ones, wrong kinds, values out of an enumeration.
func check(path string, table map[string]Property, in Values) []Failure {
	var failures []Failure
	for _, name := range slices.Sorted(maps.Keys(in)) {
		p, ok := table[name]
		if !ok {
			failures = append(failures, fail(path+name, "unknown property")...)
			continue
		}
		if p.Absent {
			failures = append(failures, fail(path+name, "not offered by the digital twin of EC2")...)
			continue
		}
		failures = append(failures, checkValue(path+name, p, in[name])...)
	}
	for _, name := range slices.Sorted(maps.Keys(table)) {
		if _, ok := in[name]; table[name].Required && !ok {
			failures = append(failures, fail(path+name, "missing required argument")...)
		}
	}
	return failures
}

func checkValue(path string, p Property, v any) []Failure {
	if _, ok := v.(unknown); ok {
		return nil
	}
	ok := false
	switch p.Kind {
	case String:
		var s string
		if s, ok = v.(string); ok && len(p.Enum) > 0 && !slices.Contains(p.Enum, s) {
			return fail(path, "expected one of %q, got %q", p.Enum, s)
		}
	case Bool:
		_, ok = v.(bool)
	case Int:
		var n float64
		n, ok = v.(float64)
		ok = ok && n == float64(int(n))
	case StringList, StringSet:
		var list []any
		if list, ok = v.([]any); ok {
			var failures []Failure
			for i, e := range list {
				failures = append(failures, checkValue(fmt.Sprintf("%s[%d]", path, i), Property{Kind: String, Enum: p.Enum}, e)...)
			}
			return failures
		}
	case StringMap:
		var m map[string]any
		if m, ok = v.(map[string]any); ok {
			var failures []Failure
			for _, name := range slices.Sorted(maps.Keys(m)) {
				failures = append(failures, checkValue(path+"."+name, Property{Kind: String}, m[name])...)
			}
			return failures
		}
	case Object:
		var m map[string]any
		if m, ok = v.(map[string]any); ok {
			return check(path+".", p.Fields, m)
		}
	case ObjectList:
		var list []any
		if list, ok = v.([]any); ok {
			var failures []Failure
			for i, e := range list {
				failures = append(failures, checkValue(fmt.Sprintf("%s[%d]", path, i), Property{Kind: Object, Fields: p.Fields}, e)...)
			}
			return failures
		}
	}
	if !ok {
		return fail(path, "expected a %s", p.Kind)
	}
	return nil
}
