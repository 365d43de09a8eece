package rules_test

import (
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"ecommerce-platform/policy/model/modeltest"
)

// set puts a value, also one of maps and lists, at a path of a resource.
func set(token, name, path string, value any) modeltest.Change {
	return modeltest.Set(token, name, path, valueOf(value))
}

func secretOf(value any) property.Value { return valueOf(value).WithSecret(true) }

func valueOf(value any) property.Value {
	switch value := value.(type) {
	case property.Value:
		return value
	case int:
		return property.New(float64(value))
	case bool:
		return property.New(value)
	case string:
		return property.New(value)
	case []any:
		var items []property.Value
		for _, item := range value {
			items = append(items, valueOf(item))
		}
		return property.New(items)
	case map[string]any:
		entries := map[string]property.Value{}
		for key, item := range value {
			entries[key] = valueOf(item)
		}
		return property.New(entries)
	}
	panic("a fixture holds a value of a type that no property has")
}
