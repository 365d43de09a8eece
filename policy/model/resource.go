package model

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
)

// Resource is one resource of the stack. Its accessors never panic on an unknown, a secret or a value of another type.
type Resource struct {
	policyx.AnalyzerResource
	// Unknowns are the paths whose values only a deployment will tell, sorted.
	Unknowns []string
	plain    map[string]any
	secrets  []string
	// withheld are those of the Unknowns that are set and secret.
	withheld []string
	// secretTexts are the secret values themselves, for nothing but to keep them out of messages.
	secretTexts []string
	// openTexts are texts that are not secret.
	openTexts []string
	// Maker is what an operator makes this of, which is then none of the Stack's Resources; nil for what the program declares.
	Maker *Resource
	// origins are the paths of what is unknown in the maker, by what is unknown here.
	origins map[string]string
}

func newResource(r policyx.AnalyzerResource) *Resource {
	res := &Resource{AnalyzerResource: r}
	plain, _ := res.unwrap("", property.New(r.Properties), false)
	res.plain, _ = plain.(map[string]any)
	sort.Strings(res.Unknowns)
	return res
}

// String names the resource as messages do: its type and name.
func (r *Resource) String() string { return r.Type + " " + r.Name }

// unwrap returns the value as plain Go, without what is unknown, and false if all of it is.
func (r *Resource) unwrap(path string, value property.Value, secret bool) (any, bool) {
	if value.Secret() && !secret {
		secret = true
		r.secrets = append(r.secrets, path)
	}
	switch {
	case value.IsComputed(), secret && r.forgotten(value):
		if isWithheld(value) {
			r.withheld = append(r.withheld, path)
		}
		r.Unknowns = append(r.Unknowns, path)
		return nil, false
	case value.IsMap():
		plain := map[string]any{}
		for key, item := range value.AsMap().All {
			if unwrapped, ok := r.unwrap(join(path, key), item, secret); ok {
				plain[key] = unwrapped
			}
		}
		return plain, true
	case value.IsArray():
		// An unknown item stays as null: those after it keep their index.
		plain := make([]any, 0, value.AsArray().Len())
		for i, item := range value.AsArray().All {
			unwrapped, _ := r.unwrap(fmt.Sprintf("%s[%d]", path, i), item, secret)
			plain = append(plain, unwrapped)
		}
		return plain, true
	case value.IsString():
		if secret {
			r.secretTexts = append(r.secretTexts, value.AsString())
		} else {
			r.openTexts = append(r.openTexts, value.AsString())
		}
		return value.AsString(), true
	case value.IsNumber():
		text := strconv.FormatFloat(value.AsNumber(), 'f', -1, 64)
		if secret {
			r.secretTexts = append(r.secretTexts, text)
		} else {
			r.openTexts = append(r.openTexts, text)
		}
		return value.AsNumber(), true
	case value.IsBool():
		return value.AsBool(), true
	default:
		return nil, true
	}
}

// forgotten tells whether a secret was unknown before its provider's Check: the command provider makes the empty value of
// its type out of one. Of a connection that is an object with defaults, without a host, which every connection has.
func (r *Resource) forgotten(secret property.Value) bool {
	if !strings.HasPrefix(r.Type, "command:") {
		return false
	}
	if secret.IsMap() {
		host, ok := secret.AsMap().GetOk("host")
		return ok && host.IsString() && host.AsString() == ""
	}
	return secret.IsString() && secret.AsString() == ""
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// Unknown tells whether the value at path, or the one that holds it, is unknown. A path reads like spec.ports[0].port.
func (r *Resource) Unknown(path string) bool {
	for _, unknown := range r.Unknowns {
		if within(path, unknown) {
			return true
		}
	}
	return false
}

// UnknownBelow returns the unknown paths at path or inside it.
func (r *Resource) UnknownBelow(path string) []string {
	var found []string
	for _, unknown := range r.Unknowns {
		if path == "" || within(path, unknown) || within(unknown, path) {
			found = append(found, unknown)
		}
	}
	return found
}

// Secret tells whether the value at path, or the one that holds it, is marked secret.
func (r *Resource) Secret(path string) bool {
	for _, secret := range r.secrets {
		if secret == "" || within(path, secret) {
			return true
		}
	}
	return false
}

// Withheld tells whether the value at path is set and secret, and not told: a Snapshot does not hold it. It is unknown as well.
func (r *Resource) Withheld(path string) bool { return slices.Contains(r.withheld, path) }

// SecretBelow returns the paths marked secret at path, inside it or around it.
func (r *Resource) SecretBelow(path string) []string {
	var found []string
	for _, secret := range r.secrets {
		if secret == "" || within(path, secret) || within(secret, path) {
			found = append(found, secret)
		}
	}
	return found
}

// Without is the resource as plain Go without what is at these paths: entries of objects are missing, items of lists are nil.
func (r *Resource) Without(paths ...string) map[string]any {
	plain, _ := without("", r.plain, paths).(map[string]any)
	return plain
}

func without(path string, value any, paths []string) any {
	switch value := value.(type) {
	case map[string]any:
		kept := make(map[string]any, len(value))
		for key, item := range value {
			if at := join(path, key); !slices.Contains(paths, at) {
				kept[key] = without(at, item, paths)
			}
		}
		return kept
	case []any:
		kept := make([]any, len(value))
		for i, item := range value {
			if at := fmt.Sprintf("%s[%d]", path, i); !slices.Contains(paths, at) {
				kept[i] = without(at, item, paths)
			}
		}
		return kept
	default:
		return value
	}
}

// within tells whether path is container or lies in it.
func within(path, container string) bool {
	rest, ok := strings.CutPrefix(path, container)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// Value returns what is at path, nil where nothing is, and false where it is unknown.
func (r *Resource) Value(path string) (any, bool) {
	if r.Unknown(path) {
		return nil, false
	}
	var value any = r.plain
	for _, step := range strings.FieldsFunc(path, func(c rune) bool { return c == '.' || c == '[' || c == ']' }) {
		switch container := value.(type) {
		case map[string]any:
			value = container[step]
		case []any:
			index, err := strconv.Atoi(step)
			if err != nil || index >= len(container) {
				return nil, true
			}
			value = container[index]
		default:
			return nil, true
		}
	}
	return value, true
}

// Text returns the string at path, empty where there is none, and false where it is unknown.
func (r *Resource) Text(path string) (string, bool) { return typed[string](r, path) }

// Bool returns the boolean at path, false where there is none; the second result is false where it is unknown.
func (r *Resource) Bool(path string) (value, known bool) { return typed[bool](r, path) }

// Number returns the number at path, 0 where there is none, and false where it is unknown.
func (r *Resource) Number(path string) (float64, bool) { return typed[float64](r, path) }

// List returns the list at path, nil where there is none, and false where it is unknown. Unknown items are nil.
func (r *Resource) List(path string) ([]any, bool) { return typed[[]any](r, path) }

// Map returns the object at path, nil where there is none, and false where it is unknown. Unknown entries are missing.
func (r *Resource) Map(path string) (map[string]any, bool) { return typed[map[string]any](r, path) }

// Has tells whether something other than null, known or not, is at path.
func (r *Resource) Has(path string) bool {
	value, known := r.Value(path)
	return !known || value != nil
}

func typed[T any](r *Resource, path string) (T, bool) {
	value, known := r.Value(path)
	of, _ := value.(T)
	return of, known
}

// References returns the URNs of the resources that the property's value comes from, sorted: the engine has them in any order. They are known also while the
// value, such as the id of a security group, is not. What is withheld comes from somewhere as well.
func (r *Resource) References(property string) []string {
	urns := slices.Sorted(slices.Values(r.PropertyDependencies[property]))
	if len(urns) == 0 && slices.ContainsFunc(r.withheld, func(path string) bool { return within(path, property) }) {
		return []string{elsewhere}
	}
	return urns
}
