package cost

import (
	"slices"
	"strings"

	"ecommerce-platform/policy/model"
)

// Types that cost something by being there, under each name that the provider has for them.
const (
	providerType   = "pulumi:providers:aws"
	natGatewayType = "aws:ec2/natGateway:NatGateway"
)

var (
	balancerTypes = []string{
		"aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer",
		"aws:applicationloadbalancing/loadBalancer:LoadBalancer", "aws:elasticloadbalancingv2/loadBalancer:LoadBalancer",
	}
	classicTypes = []string{"aws:elb/loadBalancer:LoadBalancer", "aws:elasticloadbalancing/loadBalancer:LoadBalancer"}
)

// balancers are the load balancers by their type in the API; the default is an application's.
var balancers = map[string]string{"": "Application Load Balancer", "application": "Application Load Balancer", "network": "Network Load Balancer"}

const (
	classicBalancer = "Classic Load Balancer"
	natGateway      = "NAT gateway"
)

// freeModules are parts of the provider in which nothing costs anything.
var freeModules = []string{"aws:iam/"}

// free are the types of AWS resources that cost nothing by being there. Any other one without a price is named.
var free = map[string]bool{
	model.VpcType: true, model.SubnetType: true, model.GroupType: true, model.DefaultGroupType: true, model.RouteTableType: true,
	model.IngressType: true, model.EgressType: true, model.EipAssociationType: true,

	"aws:ec2/defaultNetworkAcl:DefaultNetworkAcl":                                             true,
	"aws:ec2/defaultRouteTable:DefaultRouteTable":                                             true,
	"aws:ec2/defaultSubnet:DefaultSubnet":                                                     true,
	"aws:ec2/defaultVpc:DefaultVpc":                                                           true,
	"aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway":                             true,
	"aws:ec2/internetGateway:InternetGateway":                                                 true,
	"aws:ec2/internetGatewayAttachment:InternetGatewayAttachment":                             true,
	"aws:ec2/keyPair:KeyPair":                                                                 true,
	"aws:ec2/launchTemplate:LaunchTemplate":                                                   true,
	"aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation":                             true,
	"aws:ec2/managedPrefixList:ManagedPrefixList":                                             true,
	"aws:ec2/networkAcl:NetworkAcl":                                                           true,
	"aws:ec2/networkAclAssociation:NetworkAclAssociation":                                     true,
	"aws:ec2/networkAclRule:NetworkAclRule":                                                   true,
	"aws:ec2/networkInterface:NetworkInterface":                                               true,
	"aws:ec2/networkInterfaceAttachment:NetworkInterfaceAttachment":                           true,
	"aws:ec2/networkInterfaceSecurityGroupAttachment:NetworkInterfaceSecurityGroupAttachment": true,
	"aws:ec2/placementGroup:PlacementGroup":                                                   true,
	"aws:ec2/route:Route":                                                                     true,
	"aws:ec2/routeTableAssociation:RouteTableAssociation":                                     true,
	"aws:ec2/securityGroupAssociation:SecurityGroupAssociation":                               true,
	"aws:ec2/securityGroupRule:SecurityGroupRule":                                             true,
	"aws:ec2/tag:Tag": true,
	"aws:ec2transitgateway/instanceState:InstanceState":                                          true, // whether a machine runs
	"aws:ec2/volumeAttachment:VolumeAttachment":                                                  true,
	"aws:ec2/vpcDhcpOptions:VpcDhcpOptions":                                                      true,
	"aws:ec2/vpcDhcpOptionsAssociation:VpcDhcpOptionsAssociation":                                true,
	"aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation":                            true,
	"aws:ec2/vpcPeeringConnection:VpcPeeringConnection":                                          true,
	"aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter":                          true,
	"aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults":                                  true,
	"aws:ebs/encryptionByDefault:EncryptionByDefault":                                            true,
	"aws:ebs/defaultKmsKey:DefaultKmsKey":                                                        true,
	"aws:acm/certificate:Certificate":                                                            true,
	"aws:acm/certificateValidation:CertificateValidation":                                        true,
	"aws:route53/record:Record":                                                                  true,
	"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2":                       true,
	"aws:s3/bucketOwnershipControls:BucketOwnershipControls":                                     true,
	"aws:s3/bucketPolicy:BucketPolicy":                                                           true,
	"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":                                     true,
	"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": true,
	"aws:s3/bucketVersioningV2:BucketVersioningV2":                                               true,
	"aws:kms/alias:Alias":                                                                        true,
	"aws:autoscaling/attachment:Attachment":                                                      true,
	"aws:servicequotas/serviceQuota:ServiceQuota":                                                true,
}

// listening are what belongs to a load balancer, which is what costs.
var listening = []string{"Listener", "ListenerRule", "ListenerCertificate", "ListenerPolicy", "TargetGroup", "TargetGroupAttachment", "Attachment"}

func isFree(token string) bool {
	if free[token] || slices.ContainsFunc(freeModules, func(module string) bool { return strings.HasPrefix(token, module) }) {
		return true
	}
	for _, balancer := range slices.Concat(balancerTypes, classicTypes) {
		module, _, _ := strings.Cut(balancer, "/")
		rest, ok := strings.CutPrefix(token, module+"/")
		if ok && slices.Contains(listening, rest[strings.LastIndex(rest, ":")+1:]) {
			return true
		}
	}
	return false
}
