// Package infra is the platform's lowest layer: a network of its own and the machines in it.
package infra

import (
	"errors"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Type is the component's type token. It never changes without an alias: it is part of every child's URN.
const Type = "ecommerce-platform:infra:Infra"

// Infra is the network with one EC2 instance per node.
type Infra struct {
	pulumi.ResourceState

	// VpcID and SubnetID are those of the network.
	VpcID    pulumi.IDOutput
	SubnetID pulumi.IDOutput
	// Nodes are the machines in the order of Args.Nodes.
	Nodes []NodeState
}

// NodeState is one machine.
type NodeState struct {
	Name, Role, PrivateIP string
	// PublicIP is the Elastic IP. The node keeps it when its instance is replaced, so it stays known then; who uses it
	// waits until packets can get there.
	PublicIP pulumi.StringOutput
	// Elastic is the same address, known without the instance.
	Elastic  pulumi.StringOutput
	Instance *ec2.Instance
	// Volumes are the IDs of the EBS volumes, by their names.
	Volumes map[string]pulumi.StringOutput
}

// Node is the machine with this name, or nil.
func (i *Infra) Node(name string) *NodeState {
	for n := range i.Nodes {
		if i.Nodes[n].Name == name {
			return &i.Nodes[n]
		}
	}
	return nil
}

// New builds the layer.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Infra, error) {
	if err := errors.Join(append(args.Validate(), args.checkKeys()...)...); err != nil {
		return nil, err
	}
	infra := &Infra{}
	if err := ctx.RegisterComponentResource(Type, name, infra, opts...); err != nil {
		return nil, err
	}
	b := &builder{ctx: ctx, name: name, args: args, parent: pulumi.Parent(infra)}
	var err error
	if b.patient, err = b.settles(); err != nil {
		return nil, err
	}

	if err := b.warn(); err != nil {
		return nil, err
	}
	zone, err := b.zone()
	if err != nil {
		return nil, err
	}
	network, err := b.network(zone)
	if err != nil {
		return nil, err
	}
	security, err := b.security(network)
	if err != nil {
		return nil, err
	}
	image, err := b.image()
	if err != nil {
		return nil, err
	}
	loginKey, err := b.loginKey()
	if err != nil {
		return nil, err
	}
	access, err := b.access()
	if err != nil {
		return nil, err
	}
	for _, node := range args.Nodes {
		state, err := b.node(node, &machine{network, security, image, loginKey, access})
		if err != nil {
			return nil, err
		}
		infra.Nodes = append(infra.Nodes, *state)
	}

	infra.VpcID, infra.SubnetID = network.vpc.ID(), network.subnet.ID()
	nodes := pulumi.Array{}
	for _, node := range infra.Nodes {
		nodes = append(nodes, pulumi.Map{
			"name": pulumi.String(node.Name), "role": pulumi.String(node.Role),
			"privateIp": pulumi.String(node.PrivateIP), "publicIp": node.PublicIP, "instanceId": node.Instance.ID(),
		})
	}
	return infra, ctx.RegisterResourceOutputs(infra, pulumi.Map{
		"vpcId": infra.VpcID, "subnetId": infra.SubnetID, "nodes": nodes,
	})
}

// builder is what every step needs to register children.
type builder struct {
	ctx    *pulumi.Context
	name   string
	args   *Args
	parent pulumi.ResourceOrInvokeOption
	// patient is for resources that EC2 refuses while it has not heard of others yet.
	patient pulumi.ResourceOption
}

// tags names a resource in AWS and says who made it. The key Name is what the EC2 console shows.
func (b *builder) tags(name string) pulumi.StringMap {
	return pulumi.StringMap{
		"Name":    pulumi.String(name),
		"Project": pulumi.String(b.ctx.Project()),
		"Stack":   pulumi.String(b.ctx.Stack()),
	}
}
