// Package modeltest gives tests real stacks, captured from previews, and ways to change one thing in them.
package modeltest

import (
	"embed"
	"slices"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/snapshot"
)

// captured are stacks as the pack writes them to PLATFORM_RESOURCES; `make golden` makes them anew.
//
//go:embed captured
var captured embed.FS

// decoded are the stacks by file, each read once.
var decoded sync.Map

// Change alters the resources of a stack.
type Change func(t testing.TB, resources []policyx.AnalyzerResource) []policyx.AnalyzerResource

// Dev is the dev stack as its first preview shows it, after the changes.
func Dev(t testing.TB, changes ...Change) *model.Stack {
	return Load(t, "dev-preview.json", changes...)
}

// Load is the stack captured in captured/<file>, after the changes.
func Load(t testing.TB, file string, changes ...Change) *model.Stack {
	t.Helper()
	return model.Read(Resources(t, file, changes...))
}

// Resources are those of the stack captured in captured/<file>, after the changes.
func Resources(t testing.TB, file string, changes ...Change) []policyx.AnalyzerResource {
	t.Helper()
	if _, known := decoded.Load(file); !known {
		body, err := captured.ReadFile("captured/" + file)
		require.NoError(t, err)
		resources, err := snapshot.Decode(body)
		require.NoError(t, err)
		decoded.Store(file, resources)
	}
	known, _ := decoded.Load(file)
	resources := slices.Clone(known.([]policyx.AnalyzerResource))
	for _, change := range changes {
		resources = change(t, resources)
	}
	return resources
}

// Saved are the resources as whoever reads what a preview keeps of them has them: without their secrets.
func Saved(t testing.TB, resources []policyx.AnalyzerResource) []policyx.AnalyzerResource {
	t.Helper()
	body, err := snapshot.Encode(snapshot.Redact(resources))
	require.NoError(t, err)
	saved, err := snapshot.Decode(body)
	require.NoError(t, err)
	return saved
}

// Set puts a plain Go value, or a property.Value, at path of the resource with this type and name. The path reads like
// spec.template.spec.containers[0].image; a key with dots is written ["kubernetes.io/hostname"].
func Set(token, name, path string, value any) Change {
	return edit(token, name, func(t testing.TB, r *policyx.AnalyzerResource) {
		t.Helper()
		wanted, ok := value.(property.Value)
		if !ok {
			wanted = resource.FromResourcePropertyValue(resource.NewPropertyValue(value))
		}
		r.Properties = put(t, property.New(r.Properties), path, &wanted).AsMap()
	})
}

// Unset removes what is at path, a key of an object.
func Unset(token, name, path string) Change {
	return edit(token, name, func(t testing.TB, r *policyx.AnalyzerResource) {
		t.Helper()
		r.Properties = put(t, property.New(r.Properties), path, nil).AsMap()
	})
}

// Unknown makes the value at path one that only a deployment will tell.
func Unknown(token, name, path string) Change {
	return Set(token, name, path, property.New(property.Computed))
}

// Remove takes the resource out of the stack.
func Remove(token, name string) Change {
	return func(t testing.TB, resources []policyx.AnalyzerResource) []policyx.AnalyzerResource {
		t.Helper()
		kept := make([]policyx.AnalyzerResource, 0, len(resources))
		for _, r := range resources {
			if r.Type != token || r.Name != name {
				kept = append(kept, r)
			}
		}
		require.Less(t, len(kept), len(resources), "no resource %s %s in the stack", token, name)
		return kept
	}
}

// Edit lets a function change the resource with this type and name.
func Edit(token, name string, change func(*policyx.AnalyzerResource)) Change {
	return edit(token, name, func(_ testing.TB, r *policyx.AnalyzerResource) { change(r) })
}

func edit(token, name string, change func(testing.TB, *policyx.AnalyzerResource)) Change {
	return func(t testing.TB, resources []policyx.AnalyzerResource) []policyx.AnalyzerResource {
		t.Helper()
		for i := range resources {
			if resources[i].Type == token && resources[i].Name == name {
				change(t, &resources[i])
				return resources
			}
		}
		require.Failf(t, "no such resource", "%s %s is not in the stack", token, name)
		return nil
	}
}
