package twin

// Tokens as the AWS SDK for Pulumi, version 6, registers them.
const (
	vpcToken              = "aws:ec2/vpc:Vpc"
	subnetToken           = "aws:ec2/subnet:Subnet"
	internetGatewayToken  = "aws:ec2/internetGateway:InternetGateway"
	routeTableToken       = "aws:ec2/routeTable:RouteTable"
	routeToken            = "aws:ec2/route:Route"
	tableSubnetToken      = "aws:ec2/routeTableAssociation:RouteTableAssociation"
	mainTableToken        = "aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation"
	securityGroupToken    = "aws:ec2/securityGroup:SecurityGroup"
	defaultGroupToken     = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
	ingressToken          = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	egressToken           = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
	keyPairToken          = "aws:ec2/keyPair:KeyPair"
	instanceToken         = "aws:ec2/instance:Instance"
	instanceStateToken    = "aws:ec2transitgateway/instanceState:InstanceState" // where the SDK has Terraform's aws_ec2_instance_state
	volumeToken           = "aws:ebs/volume:Volume"
	volumeAttachmentToken = "aws:ec2/volumeAttachment:VolumeAttachment"
	eipToken              = "aws:ec2/eip:Eip"
	eipAssociationToken   = "aws:ec2/eipAssociation:EipAssociation"
	roleToken             = "aws:iam/role:Role"
	rolePolicyToken       = "aws:iam/rolePolicy:RolePolicy"
	instanceProfileToken  = "aws:iam/instanceProfile:InstanceProfile"
)

// types has one table per resource type, by token.
var types = map[string]*Type{}

func init() {
	for _, t := range []*Type{
		vpcType(), subnetType(),
		internetGatewayType(), routeTableType(), routeType(), tableSubnetType(), mainTableType(),
		securityGroupType(), defaultGroupType(), ruleType(ingressToken), ruleType(egressToken),
		keyPairType(), instanceType(), instanceStateType(), volumeType(), volumeAttachmentType(), eipType(), eipAssociationType(),
		roleType(), rolePolicyType(), instanceProfileType(),
	} {
		types[t.Token] = t
		if _, ok := t.Inputs["tags"]; ok {
			t.Computed = append(t.Computed, "tagsAll")
		}
	}
}

// The references that several types make.
func toVpc(how OnDelete) *Reference {
	return &Reference{[]string{vpcToken}, "InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", how}
}

func toSubnet(how OnDelete) *Reference {
	return &Reference{[]string{subnetToken}, "InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist", how}
}

func toGroup(how OnDelete) *Reference {
	return &Reference{[]string{securityGroupToken, defaultGroupToken}, "InvalidGroup.NotFound",
		"The security group '%s' does not exist", how}
}

func toTable(how OnDelete) *Reference {
	return &Reference{[]string{routeTableToken}, "InvalidRouteTableID.NotFound", "The routeTable ID '%s' does not exist", how}
}

func toInstance(how OnDelete) *Reference {
	return &Reference{[]string{instanceToken}, "InvalidInstanceID.NotFound", "The instance ID '%s' does not exist", how}
}

var tags = Property{Kind: StringMap}
