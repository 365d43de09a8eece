package pulumitest

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Resource is one registered (or read) resource with the options it was given.
type Resource struct {
	Type, Name, URN string
	ID              string // as read or imported, or as given by the recorder; "" while unknown
	Custom          bool   // false for a component
	Read            bool   // read by id instead of managed
	Parent          string // URN; StackURN for the stack
	Provider        string // "urn::id"; "" for the default provider
	Providers       map[string]string
	Dependencies    []string            // URNs, from dependsOn and inputs
	PropertyDeps    map[string][]string // input -> URNs
	Aliases         []string            // URNs, or names of alias specs
	Hooks           map[string][]string // names by occasion, such as beforeCreate

	DeletedWith             string // URN
	ReplaceWith             []string
	IgnoreChanges           []string
	ReplaceOnChanges        []string
	AdditionalSecretOutputs []string
	Protect                 bool
	DeleteBeforeReplace     bool
	RetainOnDelete          bool
	CreateTimeout           string
	UpdateTimeout           string
	DeleteTimeout           string
	Version                 string

	Inputs  resource.PropertyMap // secrets and unknowns kept
	Outputs resource.PropertyMap // what the program sees; a component's registered outputs

	registeredOutputs bool
}

// Input is the plain Go value at a path such as "metadataOptions.httpTokens" or "spec.containers[0].image": numbers are
// float64, secrets are opened, what is unknown is [Unknown], what is absent is nil.
func (r *Resource) Input(path string) any { return lookup(r.Inputs, path).plain() }

// Output is like Input for what the program sees of the resource.
func (r *Resource) Output(path string) any { return lookup(r.Outputs, path).plain() }

// InputString is the input if it is a string, else "".
func (r *Resource) InputString(path string) string {
	s, _ := r.Input(path).(string)
	return s
}

// InputKeys are the names of the inputs that were set, sorted.
func (r *Resource) InputKeys() []string {
	var keys []string
	for k, v := range r.Inputs {
		if !v.IsNull() {
			keys = append(keys, string(k))
		}
	}
	slices.Sort(keys)
	return keys
}

// Has reports whether the input at the path is set, be it known or not.
func (r *Resource) Has(path string) bool { return lookup(r.Inputs, path).found }

// IsSecret reports whether the input at the path, or something that holds it, is secret.
func (r *Resource) IsSecret(path string) bool { return lookup(r.Inputs, path).secret }

// IsSecretOutput is like IsSecret for outputs.
func (r *Resource) IsSecretOutput(path string) bool { return lookup(r.Outputs, path).secret }

// IsUnknown reports whether the input at the path is unknown.
func (r *Resource) IsUnknown(path string) bool { return lookup(r.Inputs, path).plain() == Unknown }

// DependsOn reports whether the resource names the other among its direct dependencies.
func (r *Resource) DependsOn(other *Resource) bool { return slices.Contains(r.Dependencies, other.URN) }

// found is what a path leads to.
type found struct {
	value         resource.PropertyValue
	found, secret bool
}

func (f found) plain() any {
	if !f.found {
		return nil
	}
	return plain(f.value)
}

// lookup follows a path of keys and indices; a key that holds dots is written ["a.b/c"].
func lookup(props resource.PropertyMap, path string) found {
	current := found{value: resource.NewProperty(props), found: true}
	for _, step := range steps(path) {
		current.open()
		switch {
		case current.value.IsComputed():
			return current // what lies inside something unknown is unknown
		case current.value.IsObject():
			v, ok := current.value.ObjectValue()[resource.PropertyKey(step)]
			current.value, current.found = v, ok
		case current.value.IsArray():
			i, err := strconv.Atoi(step)
			array := current.value.ArrayValue()
			if err != nil || i < 0 || i >= len(array) {
				return found{}
			}
			current.value = array[i]
		default:
			return found{}
		}
		if !current.found {
			return found{}
		}
	}
	current.open()
	if current.value.IsNull() {
		return found{}
	}
	return current
}

func (f *found) open() {
	for f.value.IsSecret() {
		f.value, f.secret = f.value.SecretValue().Element, true
	}
}

func steps(path string) []string {
	var steps []string
	for path != "" {
		switch {
		case strings.HasPrefix(path, "["):
			end := strings.IndexByte(path, ']')
			if end < 0 {
				return append(steps, path)
			}
			steps = append(steps, strings.Trim(path[1:end], `"`))
			path = path[end+1:]
		case strings.HasPrefix(path, "."):
			path = path[1:]
		default:
			end := strings.IndexAny(path, ".[")
			if end < 0 {
				end = len(path)
			}
			steps = append(steps, path[:end])
			path = path[end:]
		}
	}
	return steps
}

// plain turns a property into ordinary Go values, opening secrets.
func plain(v resource.PropertyValue) any {
	switch {
	case v.IsSecret():
		return plain(v.SecretValue().Element)
	case v.IsComputed(), v.IsOutput():
		return Unknown
	case v.IsArray():
		array := make([]any, 0, len(v.ArrayValue()))
		for _, element := range v.ArrayValue() {
			array = append(array, plain(element))
		}
		return array
	case v.IsObject():
		object := map[string]any{}
		for key, element := range v.ObjectValue() {
			object[string(key)] = plain(element)
		}
		return object
	case v.IsResourceReference():
		return string(v.ResourceReferenceValue().URN)
	case v.IsNull():
		return nil
	}
	return v.V
}

// walkPlain calls visit for every string that is not inside a secret, with its path.
func walkPlain(path string, v resource.PropertyValue, visit func(path, value string)) {
	switch {
	case v.IsString():
		visit(path, v.StringValue())
	case v.IsArray():
		for i, element := range v.ArrayValue() {
			walkPlain(path+"["+strconv.Itoa(i)+"]", element, visit)
		}
	case v.IsObject():
		for _, key := range slices.Sorted(maps.Keys(v.ObjectValue())) {
			visit(path, string(key))
			walkPlain(path+"."+string(key), v.ObjectValue()[key], visit)
		}
	}
}
