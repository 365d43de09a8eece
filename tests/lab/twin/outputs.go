package twin

import (
	"crypto/sha1"
	"encoding/hex"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"google.golang.org/protobuf/types/known/structpb"
)

// remembered leaves of the inputs what the state may hold: of user data, which carries secrets, only a hash.
func remembered(t *Type, in Values) Values {
	kept := Values{}
	for name, v := range in {
		if t.Inputs[name].Hashed {
			v = hashed(in, name)
		}
		kept[name] = v
	}
	return kept
}

func hashed(in Values, name string) any {
	if !in.Known(name) {
		return in[name]
	}
	data, err := userData(Values{name: in[name]})
	if err != nil {
		return ""
	}
	sum := sha1.Sum(data)
	return hex.EncodeToString(sum[:])
}

// outputs is everything the provider reports of a resource that exists.
func (p *Provider) outputs(t *Type, r *Record, secrets map[string]bool) (*structpb.Struct, error) {
	out := Values{}
	for name, property := range t.Inputs {
		if property.Default != nil {
			out[name] = property.Default
		}
	}
	overlay(out, r.Outputs)
	for name, v := range r.Inputs {
		if t.Inputs[name].Kind == Object && t.Inputs[name].Filled {
			continue // completed by EC2, so it is in r.Outputs
		}
		out[name] = v
	}
	delete(out, "ephemeralIp")
	if slices.Contains(t.Computed, "tagsAll") {
		out["tagsAll"] = tagsAll(p.defaultTags, r.Inputs)
	}
	return marshal("outputs", p.seal(out, r.ID, secrets))
}

func (p *Provider) seal(out Values, id string, secrets map[string]bool) resource.PropertyMap {
	all := map[string]bool{"tagsAll": secrets["tags"]}
	for name := range secrets {
		all[name] = true
	}
	m := seal(out, all)
	if id != "" {
		m["id"] = resource.NewProperty(id)
	}
	return m
}

// planned is what a preview can tell: inputs and defaults, and of what EC2 makes up the old value where there is one.
func (p *Provider) planned(t *Type, inputs, olds resource.PropertyMap, in Values) (*structpb.Struct, error) {
	out := Values{}
	for name, property := range t.Inputs {
		if property.Default != nil {
			out[name] = property.Default
		}
	}
	id := ""
	if olds == nil {
		for _, name := range t.Computed {
			out[name] = unknown{}
		}
	} else {
		overlay(out, open(olds))
		if v, ok := olds["id"]; ok && v.IsString() {
			id = v.StringValue()
		}
	}
	for name, v := range in {
		if t.Inputs[name].Hashed {
			v = hashed(in, name)
		}
		if object, ok := v.(map[string]any); ok && t.Inputs[name].Kind == Object && olds != nil {
			v = overlaid(out.Object(name), object)
		}
		out[name] = v
	}
	if slices.Contains(t.Computed, "tagsAll") {
		out["tagsAll"] = tagsAll(p.defaultTags, in)
	}
	return marshal("planned", p.seal(out, id, secretKeys(inputs, olds)))
}

func overlaid(under, over Values) map[string]any {
	object := map[string]any{}
	overlay(object, under)
	overlay(object, over)
	return object
}
