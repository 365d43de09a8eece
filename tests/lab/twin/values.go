package twin

// Values is the plain form of a resource's properties: strings, booleans, numbers, lists and maps as JSON has
// them, secrets opened, and unknown where only the deployment will tell.
type Values map[string]any

// unknown stands for a value that a preview cannot know.
type unknown struct{}

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
