package twin_test

import pulumitokens "github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

const (
	vpcToken            = "aws:ec2/vpc:Vpc"
	subnetToken         = "aws:ec2/subnet:Subnet"
	gatewayToken        = "aws:ec2/internetGateway:InternetGateway"
	tableToken          = "aws:ec2/routeTable:RouteTable"
	routeToken          = "aws:ec2/route:Route"
	associationToken    = "aws:ec2/routeTableAssociation:RouteTableAssociation"
	mainToken           = "aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation"
	groupToken          = "aws:ec2/securityGroup:SecurityGroup"
	defaultToken        = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
	ingressToken        = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	egressToken         = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
	keyToken            = "aws:ec2/keyPair:KeyPair"
	instanceToken       = "aws:ec2/instance:Instance"
	instanceStateToken  = "aws:ec2transitgateway/instanceState:InstanceState"
	volumeToken         = "aws:ebs/volume:Volume"
	attachmentToken     = "aws:ec2/volumeAttachment:VolumeAttachment"
	eipToken            = "aws:ec2/eip:Eip"
	eipAssociationToken = "aws:ec2/eipAssociation:EipAssociation"
)

func tokens(token string) pulumitokens.Type { return pulumitokens.Type(token) }
