package twin

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// defaultsKey lists the inputs that Check filled in, under the name that bridged providers use.
const defaultsKey = resource.PropertyKey("__defaults")

// Check implements pulumirpc.ResourceProviderServer: the table of the type, then its own rules, then a generated name.
func (p *Provider) Check(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	t, err := typeOf(req.Urn)
	if err != nil {
		return nil, err
	}
	news, err := unmarshal("news", req.News)
	if err != nil {
		return nil, err
	}
	olds, err := unmarshal("olds", req.Olds)
	if err != nil {
		return nil, err
	}
	if t.AutoName != "" {
		if err := autoName(resource.PropertyKey(t.AutoName), resource.URN(req.Urn).Name(), req.RandomSeed, olds, news); err != nil {
			return nil, err
		}
	}
	values := open(news)
	failures := check("", t.Inputs, values)
	if len(failures) == 0 && t.Validate != nil {
		failures = t.Validate(values)
	}
	for key, v := range news {
		if v.IsNull() {
			delete(news, key)
		}
	}
	inputs, err := marshal("inputs", news)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CheckResponse{Inputs: inputs, Failures: checkFailures(failures)}, nil
}

// autoName gives a resource without a name the one it has, or a new one after its logical name.
func autoName(key resource.PropertyKey, logical string, seed []byte, olds, news resource.PropertyMap) error {
	if v, ok := news[key]; ok && !v.IsNull() {
		return nil
	}
	name, ok := olds[key]
	if !ok || !generated(olds, string(key)) {
		text, err := resource.NewUniqueName(seed, logical+"-", 7, 255, nil)
		if err != nil {
			return err
		}
		name = resource.NewProperty(text)
	}
	news[key] = name
	news[defaultsKey] = resource.NewProperty([]resource.PropertyValue{resource.NewProperty(string(key))})
	return nil
}
