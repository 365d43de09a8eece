package preview

import (
	"encoding/json"
	"fmt"
	"regexp"
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
