// Package wire makes variants of the program without compiling any: it stands between the program and the engine and
// changes what the program registers, as a change of its source would.
package wire

import (
	"fmt"
	"path"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Edit changes the resources that it matches. An edit that matches none, or has nothing to change, is an error.
type Edit struct {
	// Type is the resource's type token: "aws:ec2/instance:Instance".
	Type string
	// Name is the resource's name or a pattern of path.Match: "worker-*".
	Name string
	// Drop leaves the resource out.
	Drop bool `json:",omitempty"`
	// Copy is the name of one more resource, to which the rest of the edit applies instead.
	Copy string `json:",omitempty"`
	// Set gives properties, by path, a value: "spec.ports[0].nodePort": 30080. Objects on the way are made.
	Set map[string]any `json:",omitempty"`
	// Delete takes properties away.
	Delete []string `json:",omitempty"`
	// Refer makes a property that holds another resource's output depend on the resource of that name and type instead.
	Refer map[string]Reference `json:",omitempty"`
	// Follow takes properties off the ignoreChanges option.
	Follow []string `json:",omitempty"`
	// Unprotect takes the protect option away.
	Unprotect bool `json:",omitempty"`
}

// Reference is a resource of the program.
type Reference struct{ Type, Name string }

func (e Edit) String() string { return e.Type + " " + e.Name }

func (e Edit) matches(req *pulumirpc.RegisterResourceRequest) (bool, error) {
	named, err := path.Match(e.Name, req.GetName())
	return named && e.Type == req.GetType(), err
}

// marshalling keeps everything that the program said.
var marshalling = plugin.MarshalOptions{
	KeepUnknowns: true, KeepSecrets: true, KeepResources: true, KeepOutputValues: true,
}

// apply changes the request; urns are those of the resources that are registered already.
func (e Edit) apply(req *pulumirpc.RegisterResourceRequest, urns map[Reference]string) error {
	properties, err := plugin.UnmarshalProperties(req.GetObject(), marshalling)
	if err != nil {
		return err
	}
	root := resource.NewProperty(properties)
	for name, value := range e.Set {
		if root, err = change(root, name, resource.NewPropertyValue(value), false); err != nil {
			return err
		}
	}
	for _, name := range e.Delete {
		if root, err = change(root, name, resource.PropertyValue{}, true); err != nil {
			return err
		}
	}
	if req.Object, err = plugin.MarshalProperties(root.ObjectValue(), marshalling); err != nil {
		return err
	}
	for name, reference := range e.Refer {
		dependencies, ok := req.GetPropertyDependencies()[name]
		urn, registered := urns[reference]
		if !ok || !registered {
			return fmt.Errorf("refer %s to %s: property refers to something %t, resource is registered %t", name, reference.Name, ok, registered)
		}
		dependencies.Urns = []string{urn}
		req.Dependencies = append(req.Dependencies, urn)
	}
	for _, name := range e.Follow {
		if !slices.Contains(req.GetIgnoreChanges(), name) {
			return fmt.Errorf("follow %s: not among ignoreChanges %v", name, req.GetIgnoreChanges())
		}
		req.IgnoreChanges = slices.DeleteFunc(req.GetIgnoreChanges(), func(ignored string) bool { return ignored == name })
	}
	if e.Unprotect {
		if !req.GetProtect() {
			return fmt.Errorf("unprotect: %s is not protected", req.GetName())
		}
		req.Protect = new(bool)
	}
	return nil
}

// change sets or deletes what lies at the path, through secrets and outputs on the way.
func change(root resource.PropertyValue, text string, value resource.PropertyValue, remove bool) (resource.PropertyValue, error) {
	steps, err := resource.ParsePropertyPath(text)
	if err != nil {
		return root, fmt.Errorf("path %q: %w", text, err)
	}
	changed, err := walk(root, steps, value, remove)
	if err != nil {
		return root, fmt.Errorf("path %q: %w", text, err)
	}
	return changed, nil
}

func walk(at resource.PropertyValue, steps resource.PropertyPath, value resource.PropertyValue, remove bool) (
	resource.PropertyValue, error,
) {
	switch {
	case len(steps) == 0:
		return value, nil
	case at.IsSecret():
		inner, err := walk(at.SecretValue().Element, steps, value, remove)
		return resource.MakeSecret(inner), err
	case at.IsOutput():
		output := at.OutputValue()
		inner, err := walk(output.Element, steps, value, remove)
		output.Element = inner
		return resource.NewProperty(output), err
	}
	if index, ok := steps[0].(int); ok {
		if !at.IsArray() || index > len(at.ArrayValue()) || (remove && index == len(at.ArrayValue())) {
			return at, fmt.Errorf("no element %d in %v", index, at)
		}
		list := slices.Clone(at.ArrayValue())
		if remove && len(steps) == 1 {
			return resource.NewProperty(slices.Delete(list, index, index+1)), nil
		}
		if index == len(list) {
			list = append(list, resource.NewProperty(resource.PropertyMap{}))
		}
		inner, err := walk(list[index], steps[1:], value, remove)
		list[index] = inner
		return resource.NewProperty(list), err
	}
	key := resource.PropertyKey(fmt.Sprint(steps[0]))
	object := resource.PropertyMap{}
	if at.IsObject() {
		object = at.ObjectValue().Copy()
	}
	inner, ok := object[key]
	switch {
	case remove && !ok:
		return at, fmt.Errorf("nothing at %q of %s", key, at.TypeString())
	case remove && len(steps) == 1:
		delete(object, key)
		return resource.NewProperty(object), nil
	}
	inner, err := walk(inner, steps[1:], value, remove)
	object[key] = inner
	return resource.NewProperty(object), err
}
