package modeltest

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// put returns root with the value at path set, or without it where value is nil. Missing objects on the way are made.
func put(t testing.TB, root property.Value, path string, value *property.Value) property.Value {
	t.Helper()
	steps, err := resource.ParsePropertyPath(path)
	require.NoError(t, err, path)
	return at(t, root, steps, value)
}

func at(t testing.TB, container property.Value, steps []any, value *property.Value) property.Value {
	t.Helper()
	if len(steps) == 0 {
		return *value
	}
	switch step := steps[0].(type) {
	case int:
		require.True(t, container.IsArray() && step < container.AsArray().Len(), "no item %d", step)
		items := container.AsArray().AsSlice()
		items[step] = at(t, items[step], steps[1:], value)
		return property.WithGoValue(container, property.NewArray(items))
	case string:
		entries := map[string]property.Value{}
		if container.IsMap() {
			entries = container.AsMap().AsMap()
		}
		if entries == nil {
			entries = map[string]property.Value{}
		}
		if len(steps) == 1 && value == nil {
			delete(entries, step)
		} else {
			entries[step] = at(t, entries[step], steps[1:], value)
		}
		return property.WithGoValue(container, property.NewMap(entries))
	}
	require.Failf(t, "path", "step %v", steps[0])
	return property.Value{}
}
