package model

import (
	"context"
	"maps"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
)

// Observer remembers the inputs of every resource until the stack is complete.
//
// It is needed because a stack validation sees outputs only, and a provider that cannot be configured yet has none: in
// the first preview the kubeconfig is unknown, and then every Kubernetes object would come out empty.
type Observer struct {
	mutex  sync.Mutex
	inputs map[string]property.Map
}

// Observe is the check of a resource validation policy that never objects.
func (o *Observer) Observe(_ context.Context, args policyx.ResourceValidationArgs) error {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.inputs == nil {
		o.inputs = map[string]property.Map{}
	}
	o.inputs[args.Resource.URN] = args.Resource.Properties
	return nil
}

// Complete returns the stack's resources with what the program declared laid over what the providers answered.
func (o *Observer) Complete(resources []policyx.AnalyzerResource) []policyx.AnalyzerResource {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	complete := make([]policyx.AnalyzerResource, len(resources))
	for i, r := range resources {
		if inputs, ok := o.inputs[r.URN]; ok {
			r.Properties = Declared(inputs, Answer(r.Type, inputs, r.Properties))
			r.PropertyDependencies = told(inputs, r.PropertyDependencies)
		}
		complete[i] = r
	}
	return complete
}

// listed are properties in which a provider answers with all that there is, whoever declared it. Where the program does not declare
// them, they say what was before the change, not what will be: the rules of a security group are resources of their own then.
var listed = map[string][]string{
	GroupType: {"ingress", "egress"}, DefaultGroupType: {"ingress", "egress"}, RouteTableType: {"routes"},
}

// Answer is the outputs of a resource without what only tells how things were.
func Answer(token string, inputs, outputs property.Map) property.Map {
	for _, name := range listed[token] {
		if _, declared := inputs.GetOk(name); !declared {
			outputs = outputs.Delete(name)
		}
	}
	return outputs
}

// told adds to a resource's dependencies the inputs that no resource tells and that are unknown all the same, so that they are not taken
// for something that the program says nothing of.
func told(inputs property.Map, dependencies map[string][]string) map[string][]string {
	all := dependencies
	for name, value := range inputs.All {
		if len(dependencies[name]) > 0 || !value.HasComputed() {
			continue
		}
		if len(all) == len(dependencies) {
			all = maps.Clone(dependencies)
			if all == nil {
				all = map[string][]string{}
			}
		}
		all[name] = []string{elsewhere}
	}
	return all
}

// elsewhere stands for the URN of what tells an input and is no resource.
const elsewhere = "(elsewhere)"

// Declared is each input, with what is unknown in it taken from the output of the same path, and the outputs that no
// input is called like.
func Declared(inputs, outputs property.Map) property.Map {
	merged := outputs.AsMap()
	if merged == nil {
		merged = map[string]property.Value{}
	}
	for key, input := range inputs.All {
		if input.IsNull() {
			continue
		}
		if output, ok := merged[key]; ok {
			input = fill(input, output)
		}
		merged[key] = input
	}
	return property.NewMap(merged)
}

// fill replaces the unknown parts of input by those of output.
func fill(input, output property.Value) property.Value {
	switch {
	case input.IsComputed():
		return output
	case input.IsMap() && output.IsMap():
		filled := map[string]property.Value{}
		known := output.AsMap()
		for key, value := range input.AsMap().All {
			if other, ok := known.GetOk(key); ok {
				value = fill(value, other)
			}
			filled[key] = value
		}
		return property.WithGoValue(input, filled)
	case input.IsArray() && output.IsArray() && input.AsArray().Len() == output.AsArray().Len():
		filled := make([]property.Value, 0, input.AsArray().Len())
		for i, value := range input.AsArray().All {
			filled = append(filled, fill(value, output.AsArray().Get(i)))
		}
		return property.WithGoValue(input, filled)
	default:
		return input
	}
}
