package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"sort"
	"strings"

	kjson "sigs.k8s.io/json"
)

// shown is how an error tells a value: a secret one not at all.
func shown(text string, secret bool) string {
	if secret {
		return "<secret>"
	}
	return fmt.Sprintf("%q", text)
}

// encryption refuses secrets in plain, and encrypted values of objects that the state holds in plain.
func encryption(key string, secret, encrypted bool, value, fallback any) []error {
	_, object := fallback.(map[string]any)
	switch {
	case secret && !encrypted && !reflect.DeepEqual(value, fallback) && object:
		return []error{fmt.Errorf("%s <secret>: must be set with `pulumi config set --secret --path %s...`", key, key)}
	case secret && !encrypted && !reflect.DeepEqual(value, fallback):
		return []error{fmt.Errorf("%s <secret>: must be set with `pulumi config set --secret %s`", key, key)}
	case !secret && encrypted && object:
		return []error{fmt.Errorf("%s <secret>: must not be encrypted, since the state holds it in plain; for secret variables there is secretEnv", key)}
	}
	return nil
}

// parse reads a value as the engine passes it: strings as they are, everything else as JSON. A secret has no type but
// that of its default.
func parse(kind string, fallback any, text string) (any, error) {
	if _, object := fallback.(map[string]any); object && kind == "" {
		kind = "object"
	}
	if kind == "string" || kind == "" {
		return text, nil
	}
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return nil, fmt.Errorf("must be of type %s", kind)
	}
	return value, nil
}

// overlay lays value over base; objects are merged key by key, anything else replaces.
func overlay(base, value any) any {
	under, ok := base.(map[string]any)
	over, isObject := value.(map[string]any)
	if !ok || !isObject {
		return value
	}
	merged := make(map[string]any, len(under)+len(over))
	for key, item := range under {
		merged[key] = item
	}
	for key, item := range over {
		merged[key] = overlay(under[key], item)
	}
	return merged
}

// embedded are the names of Go types that a path of encoding/json holds, where a configuration's path does not.
var embedded = regexp.MustCompile(`\.[A-Z]\w*`)

// decode sets the field of config for key and refuses fields that it does not have.
func decode(config *Config, key string, value any, secret bool) []error {
	document, err := json.Marshal(map[string]any{key: value})
	if err != nil {
		return []error{fmt.Errorf("%s: %w", key, err)}
	}
	strict, err := kjson.UnmarshalStrict(document, config)
	var mismatch *json.UnmarshalTypeError
	switch {
	case errors.As(err, &mismatch) && secret:
		return []error{fmt.Errorf("%s <secret>: must be of type %s", embedded.ReplaceAllString(mismatch.Field, ""), mismatch.Type)}
	case errors.As(err, &mismatch):
		return []error{fmt.Errorf("%s %s: must be of type %s", embedded.ReplaceAllString(mismatch.Field, ""), mismatch.Value, mismatch.Type)}
	case err != nil:
		return []error{fmt.Errorf("%s: %w", key, err)}
	}
	var problems []error
	for _, problem := range strict {
		path := key
		var field kjson.FieldError
		if errors.As(problem, &field) {
			path = field.FieldPath()
		}
		found := "<secret>"
		if !secret {
			found = at(value, strings.TrimPrefix(path, key))
		}
		problems = append(problems, fmt.Errorf("%s %s: unknown key", path, found))
	}
	return problems
}

// at renders the value that path, such as [1].labels.tier, points to, for an error.
func at(value any, path string) string {
	for _, step := range strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune(".[]", r) }) {
		switch container := value.(type) {
		case map[string]any:
			value = container[step]
		case []any:
			var index int
			if _, err := fmt.Sscan(step, &index); err != nil || index >= len(container) {
				return "<unset>"
			}
			value = container[index]
		}
	}
	text, err := json.Marshal(value)
	if err != nil {
		return "<unset>"
	}
	return string(text)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
