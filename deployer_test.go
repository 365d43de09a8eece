package main

import (
	"encoding/json"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/pulumitest"
)

// calls are what Pulumi's AWS provider asks of AWS for a resource or a function: to make it, to read it, to change it and to
// end it. Source: the resources' own code, https://github.com/hashicorp/terraform-provider-aws/tree/v5.100.0/internal/service
var calls = map[string]string{
	"aws:ec2/getAmi:getAmi": "ec2:DescribeImages",
	"aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": "ec2:DescribeInstanceTypeOfferings",

	"aws:ec2/vpc:Vpc": "ec2:CreateVpc ec2:DeleteVpc ec2:DescribeVpcs ec2:DescribeVpcAttribute ec2:ModifyVpcAttribute " +
		"ec2:DescribeNetworkAcls ec2:DescribeRouteTables ec2:DescribeSecurityGroups ec2:CreateTags ec2:DeleteTags",
	"aws:ec2/subnet:Subnet": "ec2:CreateSubnet ec2:DeleteSubnet ec2:DescribeSubnets ec2:ModifySubnetAttribute " +
		"ec2:DescribeNetworkInterfaces ec2:CreateTags ec2:DeleteTags",
	"aws:ec2/internetGateway:InternetGateway": "ec2:CreateInternetGateway ec2:DeleteInternetGateway ec2:AttachInternetGateway " +
		"ec2:DetachInternetGateway ec2:DescribeInternetGateways ec2:CreateTags ec2:DeleteTags",
	"aws:ec2/routeTable:RouteTable": "ec2:CreateRouteTable ec2:DeleteRouteTable ec2:DescribeRouteTables ec2:CreateTags ec2:DeleteTags",
	"aws:ec2/route:Route":           "ec2:CreateRoute ec2:ReplaceRoute ec2:DeleteRoute ec2:DescribeRouteTables",
	"aws:ec2/routeTableAssociation:RouteTableAssociation": "ec2:AssociateRouteTable ec2:ReplaceRouteTableAssociation " +
		"ec2:DisassociateRouteTable ec2:DescribeRouteTables",

	"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "ec2:DescribeSecurityGroups ec2:AuthorizeSecurityGroupIngress " +
		"ec2:AuthorizeSecurityGroupEgress ec2:RevokeSecurityGroupIngress ec2:RevokeSecurityGroupEgress ec2:CreateTags ec2:DeleteTags",
	"aws:ec2/securityGroup:SecurityGroup": "ec2:CreateSecurityGroup ec2:DeleteSecurityGroup ec2:DescribeSecurityGroups " +
		"ec2:RevokeSecurityGroupEgress ec2:RevokeSecurityGroupIngress ec2:DescribeNetworkInterfaces ec2:CreateTags ec2:DeleteTags",
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "ec2:AuthorizeSecurityGroupIngress ec2:RevokeSecurityGroupIngress " +
		"ec2:ModifySecurityGroupRules ec2:DescribeSecurityGroupRules ec2:CreateTags ec2:DeleteTags",
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "ec2:AuthorizeSecurityGroupEgress ec2:RevokeSecurityGroupEgress " +
		"ec2:ModifySecurityGroupRules ec2:DescribeSecurityGroupRules ec2:CreateTags ec2:DeleteTags",

	"aws:ec2/keyPair:KeyPair": "ec2:ImportKeyPair ec2:DeleteKeyPair ec2:DescribeKeyPairs ec2:CreateTags ec2:DeleteTags",
	"aws:ec2/eip:Eip": "ec2:AllocateAddress ec2:ReleaseAddress ec2:DescribeAddresses ec2:DescribeAddressesAttribute " +
		"ec2:CreateTags ec2:DeleteTags",
	"aws:ec2/eipAssociation:EipAssociation": "ec2:AssociateAddress ec2:DisassociateAddress ec2:DescribeAddresses",

	"aws:ec2/instance:Instance": "ec2:RunInstances ec2:StartInstances ec2:StopInstances ec2:TerminateInstances " +
		"ec2:ModifyInstanceAttribute ec2:ModifyInstanceMetadataOptions ec2:ModifyInstanceCreditSpecification ec2:ModifyVolume " +
		"ec2:MonitorInstances ec2:UnmonitorInstances " +
		"ec2:DescribeInstances ec2:DescribeInstanceAttribute ec2:DescribeInstanceTypes ec2:DescribeInstanceCreditSpecifications " +
		"ec2:DescribeVolumes ec2:DescribeVolumesModifications ec2:DescribeImages ec2:DescribeTags ec2:DescribeIamInstanceProfileAssociations " +
		"ec2:AssociateIamInstanceProfile ec2:ReplaceIamInstanceProfileAssociation ec2:DisassociateIamInstanceProfile iam:PassRole " +
		"iam:GetInstanceProfile ec2:CreateTags ec2:DeleteTags",

	"aws:ebs/volume:Volume": "ec2:CreateVolume ec2:DeleteVolume ec2:DescribeVolumes ec2:ModifyVolume ec2:DescribeVolumesModifications " +
		"ec2:CreateTags ec2:DeleteTags",
	"aws:ec2/volumeAttachment:VolumeAttachment": "ec2:AttachVolume ec2:DescribeVolumes ec2:DescribeInstances",

	"aws:ec2transitgateway/instanceState:InstanceState": "ec2:StartInstances ec2:StopInstances ec2:DescribeInstances",

	"aws:iam/role:Role": "iam:CreateRole iam:DeleteRole iam:GetRole iam:UpdateAssumeRolePolicy iam:UpdateRoleDescription " +
		"iam:ListRolePolicies iam:ListAttachedRolePolicies iam:ListInstanceProfilesForRole iam:RemoveRoleFromInstanceProfile " +
		"iam:DeleteRolePolicy iam:TagRole iam:UntagRole",
	"aws:iam/rolePolicy:RolePolicy": "iam:PutRolePolicy iam:GetRolePolicy iam:DeleteRolePolicy",
	"aws:iam/instanceProfile:InstanceProfile": "iam:CreateInstanceProfile iam:DeleteInstanceProfile iam:GetInstanceProfile iam:GetRole " +
		"iam:AddRoleToInstanceProfile iam:RemoveRoleFromInstanceProfile iam:PassRole iam:TagInstanceProfile iam:UntagInstanceProfile",

	"pulumi:providers:aws": "sts:GetCallerIdentity",
}

// The rights that docs/aws.md names are those that the program takes with everything switched on, and no others.
func TestDeployerPolicy(t *testing.T) {
	text, err := os.ReadFile("docs/deployer-policy.json")
	require.NoError(t, err)
	var policy struct {
		Statement []struct {
			Sid    string
			Action any
		}
	}
	require.NoError(t, json.Unmarshal(text, &policy))
	unused := map[string]bool{}
	for _, statement := range policy.Statement {
		switch action := statement.Action.(type) {
		case string:
			unused[action] = true
		case []any:
			for _, one := range action {
				unused[one.(string)] = true
			}
		}
	}
	granted := slices.Sorted(maps.Keys(unused))

	values := devStack(t).with("backup", `{"destination":"s3:https://s3.eu-central-1.amazonaws.com/shop-backups/prod"}`).
		with("postgres", `{"volumeType":"gp3"}`)
	rec, err := run(t, values, secrets(), pulumitest.Preview())
	require.NoError(t, err)
	tokens := append(rec.Types(), "pulumi:providers:aws")
	for _, call := range rec.Calls() {
		tokens = append(tokens, call.Token)
	}
	for _, token := range tokens {
		if !strings.HasPrefix(token, "aws:") && token != "pulumi:providers:aws" {
			continue
		}
		needed, ok := calls[token]
		if !assert.True(t, ok, "%s: which rights does it need?", token) {
			continue
		}
		for _, action := range strings.Fields(needed) {
			covered := false
			for _, pattern := range granted {
				if matches, err := path.Match(pattern, action); err == nil && matches {
					covered = true
					delete(unused, pattern)
				}
			}
			assert.True(t, covered, "%s: %s is not granted", token, action)
		}
	}
	assert.Empty(t, unused, "granted, and nothing needs it")
}
