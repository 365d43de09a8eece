package twin_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRefusals has one case for each rule of EC2 that the twin keeps, with EC2's message.
func TestRefusals(t *testing.T) {
	manyTags := in{}
	for i := range 51 {
		manyTags[fmt.Sprint("tag", i)] = "x"
	}
	rule := func(s *site, changes in) in {
		return with(in{"securityGroupId": s.group.id, "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIpv4": "203.0.113.7/32"}, changes)
	}
	cases := []struct {
		name   string
		token  string
		inputs func(s *site) in
		want   string
	}{
		{"a VPC is not larger than /16", vpcToken, func(*site) in { return in{"cidrBlock": "10.0.0.0/8"} },
			"cidrBlock: InvalidVpc.Range: The CIDR '10.0.0.0/8' is invalid: its size must be from /16 to /28"},
		{"a VPC is not smaller than /28", vpcToken, func(*site) in { return in{"cidrBlock": "10.0.0.0/29"} },
			"cidrBlock: InvalidVpc.Range: The CIDR '10.0.0.0/29' is invalid: its size must be from /16 to /28"},
		{"a VPC block has no host bits", vpcToken, func(*site) in { return in{"cidrBlock": "172.31.16.0/16"} },
			`cidrBlock: "172.31.16.0/16" is not a valid IPv4 CIDR block; did you mean "172.31.0.0/16"?`},
		{"a VPC has a block", vpcToken, func(*site) in { return in{} },
			"cidrBlock: one of `cidrBlock,ipv4IpamPoolId` must be specified"},
		{"a subnet is not smaller than /28", subnetToken, func(s *site) in { return in{"vpcId": s.vpc.id, "cidrBlock": "172.31.0.0/29"} },
			"cidrBlock: InvalidSubnet.Range: The CIDR '172.31.0.0/29' is invalid: its size must be from /16 to /28"},
		{"a subnet lies inside its VPC", subnetToken, func(s *site) in { return in{"vpcId": s.vpc.id, "cidrBlock": "172.31.16.0/20"} },
			"creating EC2 Subnet: InvalidSubnet.Range: The CIDR '172.31.16.0/20' is invalid."},
		{"subnets do not overlap", subnetToken, func(s *site) in { return in{"vpcId": s.vpc.id, "cidrBlock": "172.31.1.0/24"} },
			"creating EC2 Subnet: InvalidSubnet.Conflict: The CIDR '172.31.1.0/24' conflicts with another subnet"},
		{"a subnet's VPC exists", subnetToken, func(*site) in { return in{"vpcId": "vpc-0gone", "cidrBlock": "172.31.0.0/20"} },
			"creating EC2 Subnet: InvalidVpcID.NotFound: The vpc ID 'vpc-0gone' does not exist"},
		{"a subnet's zone is one of the region", subnetToken, func(s *site) in {
			vpc := s.create(vpcToken, "other", in{"cidrBlock": "10.0.0.0/16"})
			return in{"vpcId": vpc.id, "cidrBlock": "10.0.0.0/24", "availabilityZone": "us-east-1a"}
		},
			"creating EC2 Subnet: InvalidParameterValue: Value (us-east-1a) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: eu-central-1a, eu-central-1b, eu-central-1c."},
		{"a VPC has one internet gateway", gatewayToken, func(s *site) in { return in{"vpcId": s.vpc.id} },
			"creating EC2 Internet Gateway: InvalidParameterValue: Network VPC already has an internet gateway attached"},
		{"a route has a gateway that exists", routeToken, func(s *site) in {
			return in{"routeTableId": s.table.id, "destinationCidrBlock": "10.0.0.0/8", "gatewayId": "igw-0gone"}
		},
			"creating EC2 Route: InvalidGatewayID.NotFound: The gateway ID 'igw-0gone' does not exist"},
		{"a destination has one route", routeToken, func(s *site) in {
			return in{"routeTableId": s.table.id, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": s.gateway.id}
		},
			"creating EC2 Route: RouteAlreadyExists: The route identified by 0.0.0.0/0 already exists."},
		{"a subnet has one route table", associationToken, func(s *site) in { return in{"routeTableId": s.table.id, "subnetId": s.subnet.id} },
			"creating EC2 Route Table Association: Resource.AlreadyAssociated: the specified association for route table TABLE conflicts with an existing association"},
		{"a group's name is unique in its VPC", groupToken, func(s *site) in {
			s.create(groupToken, "first", in{"vpcId": s.vpc.id, "name": "web"})
			return in{"vpcId": s.vpc.id, "name": "web"}
		},
			"creating EC2 Security Group: InvalidGroup.Duplicate: The security group 'web' already exists for VPC 'VPC'"},
		{"a group is not called default", groupToken, func(s *site) in { return in{"vpcId": s.vpc.id, "name": "default"} },
			"name: InvalidParameterValue: Cannot use reserved security group name: default"},
		{"a group's name does not look like an identifier", groupToken, func(s *site) in { return in{"vpcId": s.vpc.id, "name": "sg-nodes"} },
			"name: invalid value for name (cannot begin with sg-)"},
		{"a group's description is plain text", groupToken, func(s *site) in { return in{"vpcId": s.vpc.id, "description": "it's ours"} },
			"description: InvalidParameterValue: Value (it's ours) for parameter description is invalid. Character sets beyond ASCII are not supported; up to 255 characters of a-z, A-Z, 0-9, spaces and ._-:/()#,@[]+=&;{}!$*"},
		{"a rule has a source", ingressToken, func(s *site) in { return rule(s, in{"cidrIpv4": nil}) },
			"cidrIpv4: No attribute specified when one (and only one) of [cidrIpv4,cidrIpv6,prefixListId,referencedSecurityGroupId] is required"},
		{"a rule has one source", ingressToken, func(s *site) in { return rule(s, in{"referencedSecurityGroupId": s.group.id}) },
			"cidrIpv4: 2 attributes specified when one (and only one) of [cidrIpv4,cidrIpv6,prefixListId,referencedSecurityGroupId] is required"},
		{"a rule's block has no host bits", ingressToken, func(s *site) in { return rule(s, in{"cidrIpv4": "10.1.2.3/8"}) },
			`cidrIpv4: "10.1.2.3/8" is not a valid CIDR block; did you mean "10.0.0.0/8"?`},
		{"a rule's block is one", ingressToken, func(s *site) in { return rule(s, in{"cidrIpv4": "office"}) },
			"cidrIpv4: InvalidParameterValue: CIDR block office is malformed"},
		{"a rule's protocol is known", ingressToken, func(s *site) in { return rule(s, in{"ipProtocol": "bgp"}) },
			"ipProtocol: InvalidParameterValue: Invalid value 'bgp' for IP protocol. Unknown protocol."},
		{"ports are in range", ingressToken, func(s *site) in { return rule(s, in{"toPort": 70000}) },
			"fromPort: InvalidParameterValue: Invalid value '22-70000' for port range. Must be from 0 to 65535."},
		{"ports are in order", ingressToken, func(s *site) in { return rule(s, in{"fromPort": 23}) },
			"fromPort: InvalidParameterValue: Invalid TCP port range (23-22): from_port > to_port"},
		{"tcp has ports", ingressToken, func(s *site) in { return rule(s, in{"fromPort": nil, "toPort": nil}) },
			"fromPort: MissingParameter: fromPort and toPort are required with ipProtocol tcp"},
		{"all protocols have no ports", egressToken, func(s *site) in { return rule(s, in{"ipProtocol": "-1"}) },
			"fromPort: fromPort and toPort must not be set with ipProtocol -1: it means every protocol on every port"},
		{"an ICMP type is in range", ingressToken, func(s *site) in { return rule(s, in{"ipProtocol": "icmp", "fromPort": 300, "toPort": -1}) },
			"fromPort: InvalidParameterValue: ICMP code (300:-1) out of range"},
		{"a rule's description is plain text", ingressToken, func(s *site) in { return rule(s, in{"description": "SSH → nodes"}) },
			"description: InvalidParameterValue: Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"},
		{"a rule exists once", ingressToken, func(s *site) in {
			s.create(ingressToken, "first", rule(s, nil))
			return rule(s, in{"ipProtocol": "6", "description": "again"})
		},
			`creating VPC Security Group Ingress Rule: InvalidPermission.Duplicate: the specified rule "peer: 203.0.113.7/32, TCP, from port: 22, to port: 22, ALLOW" already exists`},
		{"a rule's group exists", ingressToken, func(s *site) in { return rule(s, in{"securityGroupId": "sg-0gone"}) },
			"creating VPC Security Group Ingress Rule: InvalidGroup.NotFound: The security group 'sg-0gone' does not exist"},
		{"a referenced group is in the same VPC", ingressToken, func(s *site) in {
			vpc := s.create(vpcToken, "other", in{"cidrBlock": "10.0.0.0/16"})
			group := s.create(groupToken, "theirs", in{"vpcId": vpc.id})
			return rule(s, in{"cidrIpv4": nil, "referencedSecurityGroupId": group.id})
		},
			"creating VPC Security Group Ingress Rule: InvalidGroup.NotFound: You have specified two resources that belong to different networks."},
		{"a group has 60 rules at most", ingressToken, func(s *site) in {
			for i := range 60 {
				s.create(ingressToken, fmt.Sprint("rule", i), rule(s, in{"fromPort": 1000 + i, "toPort": 1000 + i}))
			}
			return rule(s, nil)
		},
			"creating VPC Security Group Ingress Rule: RulesPerSecurityGroupLimitExceeded: The maximum number of rules per security group has been reached."},
		{"a public key is one", keyToken, func(*site) in { return in{"publicKey": "ssh-ed25519 nonsense"} },
			"publicKey: InvalidKey.Format: Key is not in valid OpenSSH public key format"},
		{"a key's name is unique", keyToken, func(s *site) in { return in{"publicKey": publicKey, "keyName": s.key.id} },
			"creating EC2 Key Pair: InvalidKeyPair.Duplicate: The keypair already exists"},
		{"an address lies inside the subnet", instanceToken, func(s *site) in { return s.node(in{"privateIp": "172.31.18.239"}) },
			"creating EC2 Instance: InvalidParameterValue: Address 172.31.18.239 does not fall within the subnet's address range"},
		{"the fourth address is AWS's", instanceToken, func(s *site) in { return s.node(in{"privateIp": "172.31.0.3"}) },
			"creating EC2 Instance: InvalidParameterValue: Address 172.31.0.3 is in subnet's reserved address range"},
		{"the last address is AWS's", instanceToken, func(s *site) in { return s.node(in{"privateIp": "172.31.15.255"}) },
			"creating EC2 Instance: InvalidParameterValue: Address 172.31.15.255 is in subnet's reserved address range"},
		{"an address is used once", instanceToken, func(s *site) in {
			s.create(instanceToken, "first", s.node(nil))
			return s.node(nil)
		},
			"creating EC2 Instance: InvalidIPAddress.InUse: Address 172.31.15.119 is in use."},
		{"an instance has a subnet", instanceToken, func(s *site) in { return s.node(in{"subnetId": nil}) },
			"subnetId: missing required argument"},
		{"an instance has an image that exists", instanceToken, func(s *site) in { return s.node(in{"ami": "ami-0gone"}) },
			"creating EC2 Instance: InvalidAMIID.NotFound: The image id '[ami-0gone]' does not exist"},
		{"an instance's key exists", instanceToken, func(s *site) in { return s.node(in{"keyName": "lost"}) },
			"creating EC2 Instance: InvalidKeyPair.NotFound: The key pair 'lost' does not exist"},
		{"an instance's type exists", instanceToken, func(s *site) in { return s.node(in{"instanceType": "t3-medium"}) },
			"instanceType: InvalidInstanceType: Invalid value 't3-medium' for InstanceType."},
		{"an instance's type is offered", instanceToken, func(s *site) in { return s.node(in{"instanceType": "t9.medium"}) },
			"creating EC2 Instance: InvalidParameterValue: Invalid value 't9.medium' for InstanceType."},
		{"image and type have one architecture", instanceToken, func(s *site) in { return s.node(in{"instanceType": "t4g.medium"}) },
			"creating EC2 Instance: InvalidParameterValue: The architecture 'arm64' of the specified instance type does not match the architecture 'x86_64' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again."},
		{"a group belongs to the subnet's VPC", instanceToken, func(s *site) in {
			vpc := s.create(vpcToken, "other", in{"cidrBlock": "10.0.0.0/16"})
			group := s.create(groupToken, "theirs", in{"vpcId": vpc.id})
			return s.node(in{"vpcSecurityGroupIds": []any{group.id}})
		},
			"creating EC2 Instance: InvalidParameter: Security group GROUP and subnet SUBNET belong to different networks."},
		{"user data is 16 KiB at most", instanceToken, func(s *site) in { return s.node(in{"userData": strings.Repeat("#", 16385)}) },
			"userData: InvalidParameterValue: User data is limited to 16384 bytes, got 16385"},
		{"encoded user data is base64", instanceToken, func(s *site) in { return s.node(in{"userData": nil, "userDataBase64": "***"}) },
			"userDataBase64: InvalidUserData.Malformed: Invalid BASE64 encoding of user data"},
		{"metadata tokens are optional or required", instanceToken, func(s *site) in { return s.node(in{"metadataOptions": in{"httpTokens": "always"}}) },
			`metadataOptions.httpTokens: expected one of ["optional" "required"], got "always"`},
		{"the hop limit is in range", instanceToken, func(s *site) in {
			return s.node(in{"metadataOptions": in{"httpPutResponseHopLimit": 65}})
		},
			"metadataOptions.httpPutResponseHopLimit: InvalidParameterValue: expected httpPutResponseHopLimit to be in the range (1 - 64), got 65"},
		{"tags in metadata have simple keys", instanceToken, func(s *site) in {
			return s.node(in{"metadataOptions": in{"instanceMetadataTags": "enabled"}, "tags": in{"kubernetes.io/cluster": "x"}})
		},
			`tags: InvalidParameterValue: 'kubernetes.io/cluster' is not a valid tag key. Tag keys must match pattern ([0-9a-zA-Z\-_+=,.@:]{1,255}), and must not be a reserved name ('.', '..', '_index')`},
		{"a volume's type exists", instanceToken, func(s *site) in { return s.node(in{"rootBlockDevice": in{"volumeType": "gp4"}}) },
			`rootBlockDevice.volumeType: expected one of ["standard" "gp2" "gp3" "io1" "io2" "sc1" "st1"], got "gp4"`},
		{"a volume holds its image", instanceToken, func(s *site) in { return s.node(in{"rootBlockDevice": in{"volumeSize": 4}}) },
			"creating EC2 Instance: InvalidBlockDeviceMapping: Volume of size 4GB is smaller than snapshot 'SNAPSHOT', expect size >= 8GB"},
		{"only gp3 has throughput", instanceToken, func(s *site) in {
			return s.node(in{"rootBlockDevice": in{"volumeType": "gp2", "throughput": 200}})
		},
			"rootBlockDevice.throughput: InvalidParameterCombination: The parameter throughput is not supported for gp2 volumes."},
		{"gp3 has 3000 iops at least", instanceToken, func(s *site) in {
			return s.node(in{"rootBlockDevice": in{"volumeType": "gp3", "iops": 100}})
		},
			"rootBlockDevice.iops: InvalidParameterValue: iops must be from 3000 to 80000, got 100"},
		{"a resource has 50 tags at most", vpcToken, func(*site) in { return in{"cidrBlock": "10.0.0.0/16", "tags": manyTags} },
			"tags: TagLimitExceeded: The maximum number of tags for a resource is 50, got 51"},
		{"tags of AWS are AWS's", vpcToken, func(*site) in { return in{"cidrBlock": "10.0.0.0/16", "tags": in{"aws:name": "x"}} },
			"tags: InvalidParameterValue: Tag keys starting with 'aws:' are reserved for internal use"},
		{"a misspelt property is refused", instanceToken, func(s *site) in { return s.node(in{"sourceDestChek": false}) },
			"sourceDestChek: unknown property"},
		{"a misspelt property inside an object is refused", instanceToken, func(s *site) in {
			return s.node(in{"rootBlockDevice": in{"encryptd": true}})
		},
			"rootBlockDevice.encryptd: unknown property"},
		{"what the twin does not do is refused", instanceToken, func(s *site) in { return s.node(in{"placementGroup": "near"}) },
			"placementGroup: not offered by the digital twin of EC2"},
		{"a value has the right kind", instanceToken, func(s *site) in { return s.node(in{"sourceDestCheck": "false"}) },
			"sourceDestCheck: expected a boolean"},
		{"an Elastic IP's gateway is there", eipAssociationToken, func(s *site) in {
			instance := s.create(instanceToken, "node", s.node(nil))
			require.NoError(t, s.delete(s.gateway))
			eip := s.create(eipToken, "eip", in{"domain": "vpc"})
			return in{"allocationId": eip.id, "instanceId": instance.id}
		},
			"creating EC2 EIP Association: Gateway.NotAttached: Network VPC is not attached to any internet gateway"},
		{"an Elastic IP is associated once", eipAssociationToken, func(s *site) in {
			first := s.create(instanceToken, "first", s.node(nil))
			second := s.create(instanceToken, "second", s.node(in{"privateIp": "172.31.2.239"}))
			eip := s.create(eipToken, "eip", in{"domain": "vpc"})
			s.create(eipAssociationToken, "taken", in{"allocationId": eip.id, "instanceId": first.id})
			return in{"allocationId": eip.id, "instanceId": second.id}
		},
			"creating EC2 EIP Association: Resource.AlreadyAssociated: resource ALLOCATION is already associated with associate-id ASSOCIATION"},
		{"an Elastic IP exists", eipAssociationToken, func(s *site) in {
			instance := s.create(instanceToken, "node", s.node(nil))
			return in{"allocationId": "eipalloc-0gone", "instanceId": instance.id}
		},
			"creating EC2 EIP Association: InvalidAllocationID.NotFound: The allocation ID 'eipalloc-0gone' does not exist"},
		{"another type is refused", "aws:s3/bucket:Bucket", func(*site) in { return in{} },
			`resource type "aws:s3/bucket:Bucket": not offered by the digital twin of EC2`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, nil)
			_, err := s.try(c.token, "subject", c.inputs(s))
			require.Error(t, err)
			assert.Equal(t, c.want, anonymous(s, err.Error()))
		})
	}
}

// anonymous replaces identifiers that differ with each run.
func anonymous(s *site, text string) string {
	for _, pair := range [][2]string{{s.vpc.id, "VPC"}, {s.subnet.id, "SUBNET"}, {s.table.id, "TABLE"}} {
		text = strings.ReplaceAll(text, pair[0], pair[1])
	}
	words := strings.Fields(text)
	for _, word := range words {
		for prefix, name := range map[string]string{"sg-0": "GROUP", "eipalloc-0": "ALLOCATION", "eipassoc-0": "ASSOCIATION", "'snap-0": "'SNAPSHOT',"} {
			if strings.HasPrefix(word, prefix) && len(word) >= len(prefix)+16 {
				text = strings.ReplaceAll(text, word, name)
			}
		}
	}
	return text
}
