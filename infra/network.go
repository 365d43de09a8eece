package infra

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// network is one VPC with one public subnet. One, because Calico routes pod addresses without tunnels, and AWS carries
// packets with addresses it does not know only inside a subnet.
type network struct {
	vpc     *ec2.Vpc
	subnet  *ec2.Subnet
	gateway *ec2.InternetGateway
	// internet must exist before a packet from outside gets to a node.
	internet []pulumi.Resource
}

func (b *builder) network(zone string) (*network, error) {
	vpc, err := ec2.NewVpc(b.ctx, b.name+"-vpc", &ec2.VpcArgs{
		CidrBlock:          pulumi.String(b.args.VpcCidr),
		EnableDnsSupport:   pulumi.Bool(true),
		EnableDnsHostnames: pulumi.Bool(true),
		Tags:               b.tags(b.name + "-vpc"),
	}, b.parent)
	if err != nil {
		return nil, err
	}
	// Without rules: whatever ends up in the default group by mistake can talk to nobody.
	if _, err := ec2.NewDefaultSecurityGroup(b.ctx, b.name+"-default", &ec2.DefaultSecurityGroupArgs{
		VpcId: vpc.ID(),
		Tags:  b.tags(b.name + "-default"),
	}, b.parent); err != nil {
		return nil, err
	}
	gateway, err := ec2.NewInternetGateway(b.ctx, b.name+"-gateway", &ec2.InternetGatewayArgs{
		VpcId: vpc.ID(),
		Tags:  b.tags(b.name + "-gateway"),
	}, b.parent)
	if err != nil {
		return nil, err
	}
	// Nodes are reached by Elastic IPs; an address given at launch would be a second one, paid for and soon replaced.
	// Another zone would replace the subnet, and that every machine: what was chosen first stays.
	subnet, err := ec2.NewSubnet(b.ctx, b.name+"-public", &ec2.SubnetArgs{
		VpcId:               vpc.ID(),
		AvailabilityZone:    pulumi.String(zone),
		CidrBlock:           pulumi.String(b.args.SubnetCidr),
		MapPublicIpOnLaunch: pulumi.Bool(false),
		Tags:                b.tags(b.name + "-public"),
	}, b.parent, pulumi.IgnoreChanges([]string{"availabilityZone"}))
	if err != nil {
		return nil, err
	}
	routes, err := ec2.NewRouteTable(b.ctx, b.name+"-public", &ec2.RouteTableArgs{
		VpcId: vpc.ID(),
		Tags:  b.tags(b.name + "-public"),
	}, b.parent)
	if err != nil {
		return nil, err
	}
	toInternet, err := ec2.NewRoute(b.ctx, b.name+"-internet", &ec2.RouteArgs{
		RouteTableId:         routes.ID(),
		DestinationCidrBlock: pulumi.String("0.0.0.0/0"),
		GatewayId:            gateway.ID(),
	}, b.parent)
	if err != nil {
		return nil, err
	}
	association, err := ec2.NewRouteTableAssociation(b.ctx, b.name+"-public", &ec2.RouteTableAssociationArgs{
		SubnetId:     subnet.ID(),
		RouteTableId: routes.ID(),
	}, b.parent)
	if err != nil {
		return nil, err
	}
	return &network{vpc, subnet, gateway, []pulumi.Resource{toInternet, association}}, nil
}
