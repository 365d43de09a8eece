package modeltest

import (
	"maps"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model"
)

// Layer leaves what one component holds: infra, cluster or workloads.
func Layer(name string) Change {
	return func(_ testing.TB, resources []policyx.AnalyzerResource) []policyx.AnalyzerResource {
		var kept []policyx.AnalyzerResource
		for _, r := range resources {
			if strings.Contains(r.URN, "ecommerce-platform:"+name+":") {
				kept = append(kept, r)
			}
		}
		return kept
	}
}

// Copy adds the resource with this type and name a second time, under another name.
func Copy(token, name, as string) Change {
	return func(t testing.TB, resources []policyx.AnalyzerResource) []policyx.AnalyzerResource {
		t.Helper()
		for _, r := range resources {
			if r.Type == token && r.Name == name {
				r.Name, r.URN = as, strings.TrimSuffix(r.URN, name)+as
				return append(resources, r)
			}
		}
		require.Failf(t, "no such resource", "%s %s is not in the stack", token, name)
		return nil
	}
}

// Add adds a resource of the workloads, with these properties as plain Go values.
func Add(token, name string, properties map[string]any) Change {
	return func(_ testing.TB, resources []policyx.AnalyzerResource) []policyx.AnalyzerResource {
		values := resource.FromResourcePropertyValue(resource.NewPropertyValue(properties))
		return append(resources, policyx.AnalyzerResource{
			URN:  "urn:pulumi:dev::ecommerce-platform::ecommerce-platform:workloads:Workloads$" + token + "::" + name,
			Type: token, Name: name, Properties: values.AsMap(),
		})
	}
}

// From says that a property's value comes from another resource; from another stack, where there is none of that type and name.
func From(token, name, property, otherToken, other string) Change {
	return func(t testing.TB, resources []policyx.AnalyzerResource) []policyx.AnalyzerResource {
		t.Helper()
		urn := "urn:pulumi:dev::elsewhere::pulumi:pulumi:StackReference::" + other
		for _, r := range resources {
			if r.Type == otherToken && r.Name == other {
				urn = r.URN
			}
		}
		return Edit(token, name, func(r *policyx.AnalyzerResource) {
			dependencies := map[string][]string{}
			maps.Copy(dependencies, r.PropertyDependencies)
			dependencies[property] = []string{urn}
			r.PropertyDependencies = dependencies
		})(t, resources)
	}
}

// Secret marks every text of the stack as secret.
func Secret() Change {
	return func(_ testing.TB, resources []policyx.AnalyzerResource) []policyx.AnalyzerResource {
		for i := range resources {
			resources[i].Properties = secret(property.New(resources[i].Properties)).AsMap()
		}
		return resources
	}
}

func secret(value property.Value) property.Value {
	switch {
	case value.IsString():
		return value.WithSecret(true)
	case value.IsMap():
		entries := map[string]property.Value{}
		for key, item := range value.AsMap().All {
			entries[key] = secret(item)
		}
		return property.WithGoValue(value, entries)
	case value.IsArray():
		items := make([]property.Value, 0, value.AsArray().Len())
		for _, item := range value.AsArray().All {
			items = append(items, secret(item))
		}
		return property.WithGoValue(value, items)
	default:
		return value
	}
}

// Gaps are the texts of what was recorded as not evaluated.
func Gaps(stack *model.Stack) []string {
	var texts []string
	for _, gap := range stack.Unevaluated() {
		texts = append(texts, gap.String())
	}
	return texts
}
