package model

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
)

// build makes a property of bytes: each says what comes, and containers take their parts from those after it.
func build(input []byte, depth int) (property.Value, []byte) {
	if len(input) == 0 || depth > 6 {
		return property.New(property.Null), nil
	}
	kind, rest := input[0], input[1:]
	secret := kind&8 != 0
	switch kind & 7 {
	case 0:
		return property.New(property.Computed).WithSecret(secret), rest
	case 1:
		return property.New(true).WithSecret(secret), rest
	case 2:
		return property.New(float64(kind)).WithSecret(secret), rest
	case 3, 4:
		text := fmt.Sprintf("text-%d", len(rest))
		return property.New(text).WithSecret(secret), rest
	case 5:
		return property.New(property.Null).WithSecret(secret), rest
	case 6:
		var items []property.Value
		for range int(kind>>4) % 4 {
			var item property.Value
			item, rest = build(rest, depth+1)
			items = append(items, item)
		}
		return property.New(property.NewArray(items)).WithSecret(secret), rest
	default:
		entries := map[string]property.Value{}
		for i := range int(kind>>4) % 4 {
			entries[fmt.Sprintf("k%d", i)], rest = build(rest, depth+1)
		}
		return property.New(property.NewMap(entries)).WithSecret(secret), rest
	}
}

// FuzzUnwrap reads any resource: no accessor panics, what is unknown is never there as a value, and no secret is left out of what is kept
// out of messages.
func FuzzUnwrap(f *testing.F) {
	f.Add([]byte{0x37, 0, 1, 0x26, 3, 0})
	f.Add([]byte{0x3f, 0x26, 0, 11, 0x17, 8, 3})
	f.Add([]byte{0x26, 0, 0})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, input []byte) {
		value, _ := build(input, 0)
		r := newResource(policyx.AnalyzerResource{Type: "test:a:B", Name: "n", Properties: property.NewMap(map[string]property.Value{"root": value})})
		for _, path := range r.Unknowns {
			if found, known := r.Value(path); known || found != nil {
				t.Errorf("%s is unknown and has the value %v", path, found)
			}
			if !r.Has(path) {
				t.Errorf("%s is unknown and said not to be there", path)
			}
			if len(r.UnknownBelow("root")) == 0 {
				t.Errorf("%s is not below root", path)
			}
		}
		if value.HasComputed() != (len(r.Unknowns) > 0) {
			t.Errorf("unknowns %v", r.Unknowns)
		}
		if value.HasSecrets() != (len(r.secrets) > 0) {
			t.Errorf("secrets %v", r.secrets)
		}
		for _, path := range []string{"root", "root.k0", "root[0].k1", "root[9]", "", "[", "root..k0"} {
			_, _ = r.Text(path)
			_, _ = r.Number(path)
			_, _ = r.List(path)
			_, _ = r.Map(path)
			_ = r.Secret(path)
		}
		redactor := newRedactor([]*Resource{r})
		for _, text := range r.secretTexts {
			open := len(text) < shortest && isNumber(text)
			for _, other := range r.openTexts {
				open = open || other == text
			}
			if !open && strings.Contains(redactor.redact("it is "+text+"."), text) {
				t.Errorf("a message holds %q", text)
			}
		}
	})
}
