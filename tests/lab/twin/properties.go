package twin

import (
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"google.golang.org/protobuf/types/known/structpb"
)

func marshalOptions(label string) plugin.MarshalOptions {
	return plugin.MarshalOptions{Label: label, KeepUnknowns: true, KeepSecrets: true, SkipNulls: true}
}

func unmarshal(label string, s *structpb.Struct) (resource.PropertyMap, error) {
	return plugin.UnmarshalProperties(s, marshalOptions(label))
}

func marshal(label string, m resource.PropertyMap) (*structpb.Struct, error) {
	return plugin.MarshalProperties(m, marshalOptions(label))
}

// open turns properties into Values. Nulls and the bookkeeping keys that start with __ are left out.
func open(m resource.PropertyMap) Values {
	values := Values{}
	for key, v := range m {
		if resource.IsInternalPropertyKey(key) || string(key) == "id" {
			continue
		}
		if p := openValue(v); p != nil {
			values[string(key)] = p
		}
	}
	return values
}

func openValue(v resource.PropertyValue) any {
	switch {
	case v.IsSecret():
		return openValue(v.SecretValue().Element)
	case v.IsOutput():
		if !v.OutputValue().Known {
			return unknown{}
		}
		return openValue(v.OutputValue().Element)
	case v.IsComputed():
		return unknown{}
	case v.IsResourceReference():
		id, _ := v.ResourceReferenceValue().IDString()
		return id
	case v.IsArray():
		list := []any{}
		for _, e := range v.ArrayValue() {
			list = append(list, openValue(e))
		}
		return list
	case v.IsObject():
		object := map[string]any{}
		for key, e := range v.ObjectValue() {
			if p := openValue(e); p != nil && !resource.IsInternalPropertyKey(key) {
				object[string(key)] = p
			}
		}
		return object
	case v.IsNull():
		return nil
	default:
		return v.V
	}
}

// property is the reverse of openValue.
func property(v any) resource.PropertyValue {
	switch v := v.(type) {
	case nil:
		return resource.NewNullProperty()
	case unknown:
		return resource.MakeComputed(resource.NewProperty(""))
	case string:
		return resource.NewProperty(v)
	case bool:
		return resource.NewProperty(v)
	case int:
		return resource.NewProperty(float64(v))
	case float64:
		return resource.NewProperty(v)
	case []string:
		list := []resource.PropertyValue{}
		for _, e := range v {
			list = append(list, property(e))
		}
		return resource.NewProperty(list)
	case []any:
		list := []resource.PropertyValue{}
		for _, e := range v {
			list = append(list, property(e))
		}
		return resource.NewProperty(list)
	case Values:
		return resource.NewProperty(seal(v, nil))
	case map[string]any:
		return resource.NewProperty(seal(v, nil))
	default:
		panic("twin: no property for a " + reflect.TypeOf(v).String())
	}
}

// seal turns Values into properties and marks those named in secrets.
func seal(values Values, secrets map[string]bool) resource.PropertyMap {
	m := resource.PropertyMap{}
	for key, v := range values {
		p := property(v)
		if secrets[key] {
			p = resource.MakeSecret(p)
		}
		m[resource.PropertyKey(key)] = p
	}
	return m
}

// secretKeys names the properties that hold a secret anywhere inside.
func secretKeys(maps ...resource.PropertyMap) map[string]bool {
	keys := map[string]bool{}
	for _, m := range maps {
		for key, v := range m {
			if v.ContainsSecrets() {
				keys[string(key)] = true
			}
		}
	}
	return keys
}
