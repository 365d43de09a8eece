package snapshot

import (
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"ecommerce-platform/policy/model"
)

// Redact returns the resources without their secrets: the secret text model.Redacted, which Decode reads as model.Withheld, stands for a
// secret value, and the plain one where a secret is a part of a plain text. An empty secret stays empty: nothing is in it, and the
// analyses ask.
func Redact(resources []policyx.AnalyzerResource) []policyx.AnalyzerResource {
	r := redactor{model.Read(resources)}
	redacted := make([]policyx.AnalyzerResource, len(resources))
	for i, resource := range resources {
		resource.Properties = r.value(property.New(resource.Properties), false).AsMap()
		redacted[i] = resource
	}
	return redacted
}

type redactor struct{ stack *model.Stack }

func (r redactor) value(value property.Value, secret bool) property.Value {
	secret = secret || value.Secret()
	switch {
	case value.IsMap():
		entries := map[string]property.Value{}
		for key, item := range value.AsMap().All {
			entries[key] = r.value(item, secret)
		}
		return property.WithGoValue(value, property.NewMap(entries))
	case value.IsArray():
		items := make([]property.Value, 0, value.AsArray().Len())
		for _, item := range value.AsArray().All {
			items = append(items, r.value(item, secret))
		}
		return property.WithGoValue(value, property.NewArray(items))
	case secret && (value.IsString() && value.AsString() != "" || value.IsNumber() || value.IsBool()):
		return property.WithGoValue(value, model.Redacted)
	case value.IsString():
		return property.WithGoValue(value, r.stack.Redact(value.AsString()))
	case value.IsAsset(), value.IsArchive():
		return property.WithGoValue(value, property.Computed)
	default:
		return value
	}
}

// withhold is the inverse, as far as there is one: a mark is a value that is not told.
func withhold(value property.Value, secret bool) property.Value {
	secret = secret || value.Secret()
	switch {
	case value.IsMap():
		entries := map[string]property.Value{}
		for key, item := range value.AsMap().All {
			entries[key] = withhold(item, secret)
		}
		return property.WithGoValue(value, property.NewMap(entries))
	case value.IsArray():
		items := make([]property.Value, 0, value.AsArray().Len())
		for _, item := range value.AsArray().All {
			items = append(items, withhold(item, secret))
		}
		return property.WithGoValue(value, property.NewArray(items))
	case secret && value.IsString() && value.AsString() == model.Redacted:
		return model.Withheld()
	default:
		return value
	}
}
