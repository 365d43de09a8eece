package tests

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"golang.org/x/crypto/ssh"

	"ecommerce-platform/infra"
	"ecommerce-platform/infra/boundary"
	"ecommerce-platform/tests/pulumitest"
)

const (
	infraInstance      = "aws:ec2/instance:Instance"
	infraEip           = "aws:ec2/eip:Eip"
	infraAssociation   = "aws:ec2/eipAssociation:EipAssociation"
	infraInstanceState = "aws:ec2transitgateway/instanceState:InstanceState"
	infraGroup         = "aws:ec2/securityGroup:SecurityGroup"
	infraIngress       = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	infraEgress        = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
)

// infraPublicKey is a valid public key in authorized_keys form, the same for the same name.
func infraPublicKey(name string) string {
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, name)
	key, err := ssh.NewPublicKey(ed25519.NewKeyFromSeed(seed).Public())
	if err != nil {
		panic(err)
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

// infraPrivateKey stands for a private key: many lines, and a text to look for.
func infraPrivateKey(name string) string {
	return fmt.Sprintf("-----BEGIN KEY-----\nprivate key of %s\n-----END KEY-----\n", name)
}

func infraNode(name, role, ip string) infra.Node {
	return infra.Node{
		Name: name, Role: role, PrivateIP: ip, InstanceType: "t3.medium", RootVolumeGiB: 20,
		HostKey: pulumi.String(infraPrivateKey(name)), HostPublicKey: infraPublicKey(name),
	}
}

// infraArgs is the specification's topology.
func infraArgs() *infra.Args {
	return &infra.Args{
		VpcCidr: "172.31.0.0/20", SubnetCidr: "172.31.0.0/20", PodCidr: "192.168.0.0/16", ServiceCidr: "10.96.0.0/12",
		AdminCidrs: []string{"203.0.113.7/32"}, ClientCidrs: []string{"0.0.0.0/0"},
		NodePort: 30080, ShopPort: 80, MetricsPort: 9100,
		AMIOwner: "136693071363", AMIName: "debian-13-amd64-*", CPUCredits: "unlimited", AuthorizedKeys: []string{infraPublicKey("login"), infraPublicKey("next")},
		Nodes: []infra.Node{
			infraNode("control-plane", boundary.ControlPlane, "172.31.15.119"),
			infraNode("worker-node-1", boundary.Worker, "172.31.2.239"),
			infraNode("worker-node-2", boundary.Worker, "172.31.7.250"),
		},
	}
}

// infraProgram registers the layer and exports what the layer above is given.
func infraProgram(args *infra.Args) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		layer, err := infra.New(ctx, "platform", args)
		if err != nil {
			return err
		}
		for _, node := range args.Nodes {
			ctx.Export(node.Name, layer.Node(node.Name).PublicIP)
		}
		if layer.Node("nobody") != nil {
			return errors.New("a node that nobody asked for")
		}
		return nil
	}
}

func TestInfraNetwork(t *testing.T) {
	rec := pulumitest.Run(t, infraProgram(infraArgs()))
	vpcID, subnetID := pulumitest.ID("platform-vpc"), pulumitest.ID("platform-public")

	t.Run("one VPC with names", func(t *testing.T) {
		vpc := rec.Get(t, "aws:ec2/vpc:Vpc", "platform-vpc")
		assert.Equal(t, "172.31.0.0/20", vpc.Input("cidrBlock"))
		assert.Equal(t, true, vpc.Input("enableDnsSupport"))
		assert.Equal(t, true, vpc.Input("enableDnsHostnames"))
		assert.Len(t, rec.All("aws:ec2/vpc:Vpc"), 1)
	})
	t.Run("one subnet that gives no address of its own", func(t *testing.T) {
		subnet := rec.Get(t, "aws:ec2/subnet:Subnet", "platform-public")
		assert.Equal(t, vpcID, subnet.Input("vpcId"))
		assert.Equal(t, "172.31.0.0/20", subnet.Input("cidrBlock"))
		assert.Equal(t, false, subnet.Input("mapPublicIpOnLaunch"))
		assert.Equal(t, "eu-central-1a", subnet.Input("availabilityZone"))
		assert.Len(t, rec.All("aws:ec2/subnet:Subnet"), 1)
	})
	t.Run("a default route to the internet", func(t *testing.T) {
		assert.Equal(t, vpcID, rec.Get(t, "aws:ec2/internetGateway:InternetGateway", "platform-gateway").Input("vpcId"))
		assert.Equal(t, vpcID, rec.Get(t, "aws:ec2/routeTable:RouteTable", "platform-public").Input("vpcId"))
		route := rec.Get(t, "aws:ec2/route:Route", "platform-internet")
		assert.Equal(t, "0.0.0.0/0", route.Input("destinationCidrBlock"))
		assert.Equal(t, pulumitest.ID("platform-gateway"), route.Input("gatewayId"))
		assert.Equal(t, pulumitest.ID("platform-public"), route.Input("routeTableId"))
		association := rec.Get(t, "aws:ec2/routeTableAssociation:RouteTableAssociation", "platform-public")
		assert.Equal(t, subnetID, association.Input("subnetId"))
		assert.Equal(t, pulumitest.ID("platform-public"), association.Input("routeTableId"))
	})
	t.Run("the default security group is locked", func(t *testing.T) {
		locked := rec.Get(t, "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "platform-default")
		assert.Equal(t, []string{"tags", "vpcId"}, locked.InputKeys(), "no rule in either direction")
	})
	t.Run("everything is below the component and says whose it is", func(t *testing.T) {
		component := rec.Get(t, infra.Type, "platform")
		for _, res := range rec.All() {
			if res == component {
				continue
			}
			assert.Equal(t, component, rec.Parent(res), res.Name)
			if res.Has("tags") {
				assert.NotEmpty(t, res.Input("tags.Name"), res.Name)
				assert.Equal(t, pulumitest.Project, res.Input("tags.Project"), res.Name)
				assert.Equal(t, pulumitest.Stack, res.Input("tags.Stack"), res.Name)
			}
		}
		assert.Equal(t, vpcID, component.Output("vpcId"))
		assert.Equal(t, subnetID, component.Output("subnetId"))
		assert.Equal(t, map[string]any{
			"name": "worker-node-1", "role": "worker", "privateIp": "172.31.2.239",
			"publicIp": pulumitest.PublicIP("worker-node-1"), "instanceId": pulumitest.ID("worker-node-1"),
		}, component.Output("nodes[1]"))
	})
	t.Run("a zone and a smaller subnet are as configured", func(t *testing.T) {
		args := infraArgs()
		args.VpcCidr, args.AvailabilityZone = "172.31.0.0/16", "eu-central-1b"
		subnet := pulumitest.Run(t, infraProgram(args)).Get(t, "aws:ec2/subnet:Subnet", "platform-public")
		assert.Equal(t, "eu-central-1b", subnet.Input("availabilityZone"))
		assert.Equal(t, "172.31.0.0/20", subnet.Input("cidrBlock"))
	})
}

// A layer above that uses a public address must wait until packets can get there.
func TestInfraPublicAddressWaitsForTheWayToIt(t *testing.T) {
	const user = "test:index:User"
	rec := pulumitest.Run(t, func(ctx *pulumi.Context) error {
		layer, err := infra.New(ctx, "platform", infraArgs())
		if err != nil {
			return err
		}
		var res pulumi.CustomResourceState
		return ctx.RegisterResource(user, "user", pulumi.Map{"host": layer.Node("worker-node-1").PublicIP}, &res)
	}, pulumitest.AllowOnStack(user))
	res := rec.Get(t, user, "user")
	for _, needed := range []*pulumitest.Resource{
		rec.Get(t, infraAssociation, "worker-node-1"),
		rec.Get(t, infraInstanceState, "worker-node-1"),
		rec.Get(t, "aws:ec2/route:Route", "platform-internet"),
		rec.Get(t, "aws:ec2/routeTableAssociation:RouteTableAssociation", "platform-public"),
		rec.Get(t, infraIngress, "platform-ssh-203.0.113.7_32"),
		rec.Get(t, infraEgress, "platform-internet-0.0.0.0_0"),
	} {
		assert.True(t, rec.WaitsFor(res, needed), needed.Name)
	}
	assert.False(t, rec.WaitsFor(res, rec.Get(t, infraInstance, "worker-node-2")))
}

func TestInfraPreview(t *testing.T) {
	t.Run("of an empty stack shows every resource", func(t *testing.T) {
		preview := pulumitest.Run(t, infraProgram(infraArgs()), pulumitest.Preview())
		deployed := pulumitest.Run(t, infraProgram(infraArgs()))
		assert.Equal(t, infraSentenceNames(deployed), infraSentenceNames(preview))
		assert.Len(t, preview.All(), len(deployed.All()))
		node := preview.Get(t, infraInstance, "control-plane")
		assert.True(t, node.IsUnknown("subnetId"))
		assert.Equal(t, pulumitest.AMI, node.Input("ami"))
		assert.False(t, node.IsUnknown("userData"), "keys are derived, not computed by AWS")
		assert.True(t, node.IsSecret("userData"))
		assert.Equal(t, pulumitest.Unknown, preview.Export("control-plane"))
	})
	t.Run("of a replaced instance knows its address", func(t *testing.T) {
		preview := pulumitest.Run(t, infraProgram(infraArgs()),
			pulumitest.PreviewUpdate(infraInstance+" worker-node-1", infraAssociation+" worker-node-1"))
		assert.True(t, preview.Get(t, infraAssociation, "worker-node-1").IsUnknown("instanceId"))
		assert.Equal(t, pulumitest.PublicIP("worker-node-1"), preview.Export("worker-node-1"))
	})
}
