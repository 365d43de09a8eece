package twin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// Create implements pulumirpc.ResourceProviderServer.
func (p *Provider) Create(ctx context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	t, inputs, err := request(req.Urn, req.Properties)
	if err != nil {
		return nil, err
	}
	in := open(inputs)
	if req.Preview {
		properties, err := p.planned(t, inputs, nil, in)
		return &pulumirpc.CreateResponse{Properties: properties}, err
	}
	if err := p.late(ctx, t, in); err != nil {
		return nil, t.errorf("creating", err)
	}
	var made *Record
	err = p.with(ctx, func(tx *Tx) error {
		made, err = tx.create(t, req.Urn, in)
		if made != nil && p.machines != nil {
			made.Pending = realized[t.Token]
		}
		return err
	})
	if err != nil {
		return nil, t.errorf("creating", err)
	}
	if p.machines != nil {
		if err := p.realize(ctx, made, in); err != nil {
			return nil, t.errorf("creating", err)
		}
	}
	properties, err := p.outputs(t, made, secretKeys(inputs))
	return &pulumirpc.CreateResponse{Id: made.ID, Properties: properties}, err
}

// create applies the rules of EC2 and adds the resource to the account.
func (tx *Tx) create(t *Type, urn string, in Values) (*Record, error) {
	tx.forget(urn)
	if err := tx.resolve(t, in); err != nil {
		return nil, err
	}
	r := &Record{Type: t.Token, Region: tx.regionOf(t), URN: urn, Inputs: remembered(t, in), Outputs: Values{}}
	switch {
	case t.Adopts != nil:
		adopted := t.Adopts(tx, in)
		if adopted == nil {
			return nil, fmt.Errorf("nothing to adopt in %v", in.Text("vpcId"))
		}
		r.ID = adopted.ID
	case t.ID != nil:
		r.ID = t.ID(in)
		if there := tx.Resources[r.key()]; there != nil && (t.Stays == nil || there.URN != "") {
			return nil, t.Taken
		}
	default:
		r.ID = NewID(t.Prefix)
	}
	tx.add(r)
	if t.Create == nil {
		return r, nil
	}
	return r, t.Create(tx, r)
}

// forget drops what a provider that died left half made under the same name.
func (tx *Tx) forget(urn string) {
	for _, id := range slices.Sorted(maps.Keys(tx.Resources)) {
		if r := tx.Resources[id]; r != nil && r.Pending && r.URN == urn {
			tx.remove(r)
		}
	}
}

// Update implements pulumirpc.ResourceProviderServer.
func (p *Provider) Update(ctx context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	t, inputs, err := request(req.Urn, req.News)
	if err != nil {
		return nil, err
	}
	olds, err := unmarshal("olds", req.Olds)
	if err != nil {
		return nil, err
	}
	in := open(inputs)
	if req.Preview {
		properties, err := p.planned(t, inputs, olds, in)
		return &pulumirpc.UpdateResponse{Properties: properties}, err
	}
	var changed *Record
	var before, outputs Values
	err = p.with(ctx, func(tx *Tx) error {
		if changed = tx.Find(req.Id, t.Token); changed == nil {
			return refuse("NotFound", "%s does not exist; `pulumi refresh` takes it out of the stack", req.Id)
		}
		before, outputs = changed.Inputs, maps.Clone(changed.Outputs)
		if err := tx.resolve(t, in); err != nil {
			return err
		}
		changed.Inputs = remembered(t, in)
		for name, v := range before {
			if _, ok := changed.Inputs[name]; !ok && t.Inputs[name].Filled && t.Inputs[name].Kind != Object {
				changed.Outputs[name] = v
			}
		}
		if t.Update == nil {
			return nil
		}
		return t.Update(tx, before, changed)
	})
	if err != nil {
		return nil, t.errorf("updating", err)
	}
	if p.machines != nil {
		if err := p.adjust(ctx, changed, before, in); err != nil {
			// The next update finds what this one found, and does all of it.
			back := p.with(context.WithoutCancel(ctx), func(tx *Tx) error {
				if r := tx.Find(req.Id, t.Token); r != nil {
					r.Inputs, r.Outputs = before, outputs
				}
				return nil
			})
			return nil, t.errorf("updating", errors.Join(err, back))
		}
	}
	properties, err := p.outputs(t, changed, secretKeys(inputs))
	return &pulumirpc.UpdateResponse{Properties: properties}, err
}

// Delete implements pulumirpc.ResourceProviderServer. What is gone already is no error.
func (p *Provider) Delete(ctx context.Context, req *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	t, err := typeOf(req.Urn)
	if err != nil {
		return nil, err
	}
	var gone *Record
	err = p.with(ctx, func(tx *Tx) error {
		r := tx.Find(req.Id, t.Token)
		if r == nil {
			return nil
		}
		if t.Adopts != nil { // AWS does not delete a default group; it is only no longer managed
			r.Implicit, r.URN = true, ""
			return nil
		}
		if t.Stays != nil && t.Stays(r) {
			r.URN = ""
			return nil
		}
		if err := tx.removable(r); err != nil {
			return err
		}
		if t.Delete != nil {
			if err := t.Delete(tx, r); err != nil {
				return err
			}
		}
		gone = r
		if p.machines == nil || !realized[t.Token] {
			tx.remove(r)
		} else {
			r.Pending = true // its firewall follows nothing any more
		}
		return nil
	})
	if err == nil && gone != nil && p.machines != nil {
		err = p.unrealize(ctx, gone)
	}
	if err != nil {
		return nil, t.errorf("deleting", err)
	}
	return &emptypb.Empty{}, nil
}

func request(urn string, properties *structpb.Struct) (*Type, resource.PropertyMap, error) {
	t, err := typeOf(urn)
	if err != nil {
		return nil, nil, err
	}
	inputs, err := unmarshal("inputs", properties)
	return t, inputs, err
}
