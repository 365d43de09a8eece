package main

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/infra"
)

// machine is a node's machine as the layers above infra see it, whichever stack holds it.
type machine struct {
	Node
	// address is where the machine is reached from outside.
	address pulumi.StringOutput
	// elastic is the same address, known without the machine. It is empty where another stack holds the machine.
	elastic pulumi.StringInput
	// id tells it from the next machine under the same address.
	id pulumi.StringOutput
	// instance is nil where another stack holds the machine.
	instance pulumi.Resource
	// disks are the IDs of its EBS volumes, by their names.
	disks map[string]pulumi.StringOutput
}

// machinesOf pairs the nodes with the machines that this stack holds.
func (c *Config) machinesOf(layer *infra.Infra) []machine {
	machines := make([]machine, len(c.Nodes))
	for i, node := range c.Nodes {
		held := layer.Node(node.Name)
		machines[i] = machine{Node: node, address: held.PublicIP, elastic: held.Elastic, id: held.Instance.ID().ToStringOutput(), instance: held.Instance, disks: held.Volumes}
	}
	return machines
}

// nowhere are the machines of a configuration that is only looked at.
func (c *Config) nowhere() []machine {
	machines := make([]machine, len(c.Nodes))
	for i, node := range c.Nodes {
		machines[i] = machine{Node: node, address: pulumi.String("").ToStringOutput()}
	}
	return machines
}

// stackBelow is the stack that holds the layer below this stack's lowest one.
type stackBelow struct {
	name      string
	reference *pulumi.StackReference
}

// below opens the stack below; with the infra layer in this one there is none.
func (c *Config) below(ctx *pulumi.Context) (*stackBelow, error) {
	switch {
	case c.has("infra"):
		return nil, nil
	case c.has("cluster"):
		return openStack(ctx, c.InfraStack, "cluster", "infra")
	default:
		return openStack(ctx, c.ClusterStack, "workloads", "cluster")
	}
}

func openStack(ctx *pulumi.Context, configured, layer, lower string) (*stackBelow, error) {
	if configured == "" {
		stack, ok := strings.CutSuffix(ctx.Stack(), "-"+layer)
		if !ok {
			return nil, fmt.Errorf("%sStack <unset>: required, since this stack's name %q does not end in -%s", lower, ctx.Stack(), layer)
		}
		configured = fmt.Sprintf("%s/%s/%s-%s", ctx.Organization(), ctx.Project(), stack, lower)
	}
	reference, err := pulumi.NewStackReference(ctx, configured, nil)
	return &stackBelow{configured, reference}, err
}

// machines are those of the stack below.
func (s *stackBelow) machines(c *Config) []machine {
	outputs := s.reference.GetOutput(pulumi.String("nodes"))
	machines := make([]machine, len(c.Nodes))
	for i, node := range c.Nodes {
		machines[i] = machine{
			Node: node, address: nodeField(outputs, node.Name, "publicIp"), id: nodeField(outputs, node.Name, "instanceId"),
			disks: map[string]pulumi.StringOutput{},
		}
		for _, disk := range c.disks(node.Name) {
			machines[i].disks[disk.Name] = nodeField(outputs, node.Name, diskField(disk.Name))
		}
	}
	return machines
}

// diskField is the field of a node's output that has the ID of an EBS volume.
func diskField(name string) string { return name + "VolumeId" }

// kubeconfig is the one of the cluster in the stack below.
func (s *stackBelow) kubeconfig() pulumi.StringOutput {
	return s.reference.GetStringOutput(pulumi.String("kubeconfig"))
}

// nodeField reads a field of a node from the nodes output of a stack.
func nodeField(nodes pulumi.AnyOutput, name, field string) pulumi.StringOutput {
	return nodes.ApplyT(func(value any) (string, error) {
		list, _ := value.([]any)
		for _, item := range list {
			node, _ := item.(map[string]any)
			if text, ok := node[field].(string); ok && node["name"] == name {
				return text, nil
			}
		}
		return "", fmt.Errorf("nodes: the stack below has no node %q; run `pulumi up` there first", name)
	}).(pulumi.StringOutput)
}

// nodeOutputs is what the stack exports of its nodes, and what the layer above and its own next update read.
func (c *Config) nodeOutputs(machines []machine) pulumi.Array {
	nodes := pulumi.Array{}
	for _, node := range machines {
		output := pulumi.Map{
			"name":       pulumi.String(node.Name),
			"role":       pulumi.String(node.Role),
			"privateIp":  pulumi.String(node.PrivateIP),
			"publicIp":   node.address,
			"instanceId": node.id,
		}
		for name, id := range node.disks {
			output[diskField(name)] = id
		}
		if c.has("infra") {
			output["instanceType"] = pulumi.String(orDefault(node.InstanceType, c.InstanceType))
		}
		nodes = append(nodes, output)
	}
	return nodes
}
