package twin

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Read implements pulumirpc.ResourceProviderServer: what is there now, whoever changed it. No identifier in the
// response means that the resource is gone.
func (p *Provider) Read(ctx context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	t, inputs, err := request(req.Urn, req.Inputs)
	if err != nil {
		return nil, err
	}
	olds, err := unmarshal("properties", req.Properties)
	if err != nil {
		return nil, err
	}
	if err := p.inspect(ctx, t, req.Id); err != nil {
		return nil, t.errorf("reading", err)
	}
	var found *Record
	err = p.with(ctx, func(tx *Tx) error {
		found = tx.Find(req.Id, t.Token)
		if found != nil && (found.Implicit || found.Pending) {
			found = nil
		}
		if found != nil && t.Refresh != nil {
			t.Refresh(tx, found)
		}
		return nil
	})
	if err != nil {
		return nil, t.errorf("reading", err)
	}
	if found == nil {
		return &pulumirpc.ReadResponse{}, nil
	}
	secrets := secretKeys(inputs, olds)
	properties, err := p.outputs(t, found, secrets)
	if err != nil {
		return nil, err
	}
	current, err := marshal("inputs", drifted(t, found, inputs, secrets))
	if err != nil {
		return nil, err
	}
	return &pulumirpc.ReadResponse{Id: found.ID, Properties: properties, Inputs: current}, nil
}

// drifted is the inputs as the program gave them, with those replaced that are not so any more.
func drifted(t *Type, r *Record, inputs resource.PropertyMap, secrets map[string]bool) resource.PropertyMap {
	asked := open(inputs)
	current := resource.PropertyMap{}
	for key, v := range inputs {
		if resource.IsInternalPropertyKey(key) {
			current[key] = v
		}
	}
	for name, property := range t.Inputs {
		key := resource.PropertyKey(name)
		actual, there := r.Inputs[name]
		was, given := asked[name]
		same := given && there && !differs(ordered(property, was), ordered(property, actual))
		switch {
		case same, property.Hashed && given:
			current[key] = inputs[key]
		case there && !property.Hashed:
			current[key] = seal(Values{name: actual}, secrets)[key]
		}
	}
	return current
}
