package preview

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"

	"ecommerce-platform/tests/lab/engine"
)

// Plan is every resource that the program declares, by type and name, with its properties by path. Two plans of two
// versions of the program differ in what the change between them deploys differently, whatever is deployed now.
type Plan map[string]map[string]string

// Values that a preview cannot show, or that differ from one preview to the next.
const (
	unknown   = "(known after deployment)"
	secret    = "(secret)"
	generated = "(generated)"
)

// suffix is what the engine appends to the names that it makes up.
var suffix = regexp.MustCompile(`-[0-9a-f]{7}$`)

// planOf flattens what the engine would register. Providers are left out: they say how, not what.
func planOf(steps []engine.Step) Plan {
	names := generatedNames(steps)
	plan := Plan{}
	for _, step := range steps {
		kind := string(step.URN.Type())
		if strings.HasPrefix(kind, "pulumi:") || step.Op == "delete" {
			continue
		}
		properties := map[string]string{}
		flatten(properties, "", step.Inputs)
		for path, value := range properties {
			if names[value] {
				properties[path] = generated
			}
		}
		plan[step.URN.String()] = properties
	}
	return plan
}

// generatedNames are the made-up names, as flatten writes them: other resources refer to them by value.
func generatedNames(steps []engine.Step) map[string]bool {
	names := map[string]bool{}
	for _, step := range steps {
		keys, _ := step.Inputs["__defaults"].([]any)
		for _, key := range keys {
			name, _ := key.(string)
			if value, ok := step.Inputs[name].(string); ok && suffix.MatchString(value) {
				names[quote(value)] = true
			}
		}
	}
	return names
}

// flatten writes the leaves of value under their paths. What the engine adds for itself begins with two underscores.
func flatten(into map[string]string, path string, value any) {
	switch value := value.(type) {
	case map[string]any:
		if value[sig.Key] == sig.Secret {
			into[path] = secret
			return
		}
		for key, item := range value {
			if !strings.HasPrefix(key, "__") {
				flatten(into, strings.TrimPrefix(path+"."+key, "."), item)
			}
		}
	case []any:
		for i, item := range value {
			flatten(into, fmt.Sprintf("%s[%d]", path, i), item)
		}
	case nil:
	default:
		into[path] = quote(value)
	}
}

func quote(value any) string {
	if text, ok := value.(string); ok && sig.IsUnknown(text) {
		return unknown
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}

// Change is what two plans differ in at one resource.
type Change struct {
	// Op is + for a resource that only the second plan has, - for one that only the first has, ~ for a changed one.
	Op       string
	Resource string
	// Properties of a changed resource, by path.
	Properties []PropertyChange
}

// PropertyChange is one property; an empty side means that it is not set there.
type PropertyChange struct{ Path, Before, After string }

// Diff lists what differs between two plans, ordered by resource.
func Diff(before, after Plan) []Change {
	var changes []Change
	all := maps.Clone(before)
	if all == nil {
		all = Plan{}
	}
	maps.Copy(all, after)
	for _, resource := range slices.Sorted(maps.Keys(all)) {
		old, had := before[resource]
		fresh, has := after[resource]
		switch {
		case !had:
			changes = append(changes, Change{Op: "+", Resource: resource})
		case !has:
			changes = append(changes, Change{Op: "-", Resource: resource})
		default:
			if properties := diffProperties(old, fresh); len(properties) > 0 {
				changes = append(changes, Change{"~", resource, properties})
			}
		}
	}
	return changes
}

func diffProperties(old, fresh map[string]string) []PropertyChange {
	var changes []PropertyChange
	all := maps.Clone(old)
	maps.Copy(all, fresh)
	for _, path := range slices.Sorted(maps.Keys(all)) {
		if old[path] != fresh[path] {
			changes = append(changes, PropertyChange{path, old[path], fresh[path]})
		}
	}
	return changes
}
