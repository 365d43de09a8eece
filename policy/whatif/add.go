package whatif

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/report"
	"ecommerce-platform/policy/review"
)

// AddWorker adds a worker of an instance type that is like another one: with its labels and taints, its disk and its public address.
// like is that one, by default the last worker.
func AddWorker(ctx context.Context, resources []policyx.AnalyzerResource, instanceType, like string) (*report.Report, error) {
	stack := model.Read(resources)
	if like == "" {
		for _, node := range stack.Members() {
			if node.Role == model.Worker {
				like = node.Name
			}
		}
	}
	node, err := member(stack, like)
	if err != nil {
		return nil, err
	}
	if node.Instance == nil || node.Role != model.Worker {
		return nil, fmt.Errorf("node %q: must be a worker whose machine is in this stack", like)
	}
	name := fresh(stack)
	changed, err := copied(resources, node, name, instanceType)
	if err != nil {
		return nil, err
	}
	before := review.Of(ctx, resources, review.Running{}).Report
	after := review.Of(ctx, changed, review.Running{Resources: resources}).Report
	after.Headline = fmt.Sprintf("If %s joins, a %s like %s: %s", name, instanceType, like, told(after.Summary(&before), after.RunEffect()))
	return &after, nil
}

// fresh is a name that no node has.
func fresh(stack *model.Stack) string {
	for i := 1; ; i++ {
		if name := fmt.Sprintf("worker-node-%d", i); stack.Node(name) == nil {
			return name
		}
	}
}

// machineTypes are those of the resources that make up a machine and bear its name.
var machineTypes = map[string]bool{
	model.InstanceType: true, model.EipType: true, "aws:ec2/eipAssociation:EipAssociation": true,
}

// copied are the resources with another worker.
func copied(resources []policyx.AnalyzerResource, like *model.Node, name, instanceType string) ([]policyx.AnalyzerResource, error) {
	var changed, added []policyx.AnalyzerResource
	urns := map[string]string{}
	for _, r := range resources {
		properties := resource.ToResourcePropertyMap(r.Properties)
		switch {
		case r.Type == model.InfraType, r.Type == model.ClusterType, r.Type == model.WorkloadsType:
			addNode(properties, like.Name, name)
			r.Properties = resource.FromResourcePropertyMap(properties)
		case machineTypes[r.Type] && r.Name == like.Name, like.Patch != nil && r.URN == like.Patch.URN:
			another := r
			another.Name = strings.ReplaceAll(r.Name, like.Name, name)
			another.URN = strings.TrimSuffix(r.URN, r.Name) + another.Name
			if err := rename(properties, r.Type, name, instanceType); err != nil {
				return nil, err
			}
			another.Properties = resource.FromResourcePropertyMap(properties)
			urns[r.URN] = another.URN
			added = append(added, another)
		}
		changed = append(changed, r)
	}
	for i := range added {
		dependencies := map[string][]string{}
		maps.Copy(dependencies, added[i].PropertyDependencies)
		for property, of := range dependencies {
			renamed := make([]string, len(of))
			for j, urn := range of {
				if renamed[j] = urn; urns[urn] != "" {
					renamed[j] = urns[urn]
				}
			}
			dependencies[property] = renamed
		}
		added[i].PropertyDependencies = dependencies
	}
	return append(changed, added...), nil
}

// rename makes the properties of a machine's resource those of another one.
func rename(properties resource.PropertyMap, token, name, instanceType string) error {
	set := map[string]resource.PropertyValue{"metadata.name": resource.NewProperty(name)}
	if machineTypes[token] {
		set = map[string]resource.PropertyValue{"tags.Name": resource.NewProperty(name)}
	}
	if token == model.InstanceType {
		unknown := resource.MakeComputed(resource.NewProperty(""))
		set["instanceType"], set["privateIp"] = resource.NewProperty(instanceType), unknown
		set["arn"], set["publicIp"] = unknown, unknown
	}
	if tags := properties["tags"]; tags.IsObject() {
		delete(tags.ObjectValue(), "Holds") // what the other machine's disk holds
	}
	for path, value := range set {
		steps, err := resource.ParsePropertyPath(path)
		if err != nil {
			return err
		}
		if _, there := steps.Get(resource.NewProperty(properties)); !there {
			continue
		}
		if !steps.Set(resource.NewProperty(properties), value) {
			return fmt.Errorf("%s: cannot be set", path)
		}
	}
	return nil
}

// addNode adds the node to what a component says of nodes, without what is another node's own.
func addNode(properties resource.PropertyMap, like, name string) {
	if !properties["nodes"].IsArray() {
		return
	}
	nodes := properties["nodes"].ArrayValue()
	for _, node := range nodes {
		if !node.IsObject() || !node.ObjectValue()["name"].IsString() || node.ObjectValue()["name"].StringValue() != like {
			continue
		}
		another := node.ObjectValue().Copy()
		another["name"] = resource.NewProperty(name)
		for _, own := range []resource.PropertyKey{"privateIp", "publicIp", "instanceId", "staticPods"} {
			delete(another, own)
		}
		properties["nodes"] = resource.NewProperty(append(append([]resource.PropertyValue{}, nodes...), resource.NewProperty(another)))
		return
	}
}
