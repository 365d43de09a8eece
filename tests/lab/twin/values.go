package twin

import (
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"google.golang.org/protobuf/types/known/structpb"
)

// Values is the plain form of a resource's properties: strings, booleans, numbers, lists and maps as JSON has
// them, secrets opened, and unknown where only the deployment will tell.
type Values map[string]any

// unknown stands for a value that a preview cannot know.
type unknown struct{}

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

// Text is the string at key, or "" when it is absent or unknown.
func (v Values) Text(key string) string {
	s, _ := v[key].(string)
	return s
}

// Flag is the boolean at key, or otherwise when it is absent or unknown.
func (v Values) Flag(key string, otherwise bool) bool {
	if b, ok := v[key].(bool); ok {
		return b
	}
	return otherwise
}

// Number is the integer at key and whether there is one.
func (v Values) Number(key string) (int, bool) {
	switch n := v[key].(type) {
	case float64:
		return int(n), true
	case int:
		return n, true
	}
	return 0, false
}

// Texts is the list of strings at key, without those that are unknown.
func (v Values) Texts(key string) []string {
	var texts []string
	switch list := v[key].(type) {
	case []any:
		for _, e := range list {
			if s, ok := e.(string); ok {
				texts = append(texts, s)
			}
		}
	case []string:
		texts = append(texts, list...)
	}
	return texts
}

// Object is the object at key, empty when there is none.
func (v Values) Object(key string) Values {
	switch o := v[key].(type) {
	case map[string]any:
		return o
	case Values:
		return o
	}
	return Values{}
}

// Objects is the list of objects at key.
func (v Values) Objects(key string) []Values {
	var objects []Values
	list, _ := v[key].([]any)
	for _, e := range list {
		if o, ok := e.(map[string]any); ok {
			objects = append(objects, o)
		}
	}
	return objects
}

// Known says whether the value at key is there and wholly known.
func (v Values) Known(key string) bool {
	value, ok := v[key]
	return ok && !hasUnknown(value)
}

func hasUnknown(v any) bool {
	switch v := v.(type) {
	case unknown:
		return true
	case []any:
		for _, e := range v {
			if hasUnknown(e) {
				return true
			}
		}
	case map[string]any:
		for _, e := range v {
			if hasUnknown(e) {
				return true
			}
		}
	}
	return false
}
