package twin_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/twin"
)

// TestDependencies has what cannot go while something else needs it.
func TestDependencies(t *testing.T) {
	for _, test := range []struct {
		name  string
		first func(s *site) *thing // what is deleted too early
		want  func(s *site) string
	}{
		{"a VPC with a subnet", func(s *site) *thing { return s.vpc }, func(s *site) string {
			return "deleting EC2 VPC: DependencyViolation: The vpc '" + s.vpc.id + "' has dependencies and cannot be deleted."
		}},
		{"a subnet with an instance", func(s *site) *thing { return s.subnet }, func(s *site) string {
			return "deleting EC2 Subnet: DependencyViolation: The subnet '" + s.subnet.id + "' has dependencies and cannot be deleted."
		}},
		{"a group with an instance", func(s *site) *thing { return s.group }, func(s *site) string {
			return "deleting EC2 Security Group: DependencyViolation: resource " + s.group.id + " has a dependent object"
		}},
		{"a group that a rule of another one names", func(s *site) *thing {
			other := s.create(groupToken, "other", in{"vpcId": s.vpc.id})
			s.create(ingressToken, "from-other", in{"securityGroupId": s.group.id, "ipProtocol": "-1", "referencedSecurityGroupId": other.id})
			s.group = other
			return other
		}, func(s *site) string {
			return "deleting EC2 Security Group: DependencyViolation: resource " + s.group.id + " has a dependent object"
		}},
		{"a route table with a subnet", func(s *site) *thing { return s.table }, func(s *site) string {
			return "deleting EC2 Route Table: DependencyViolation: The routeTable '" + s.table.id + "' has dependencies and cannot be deleted."
		}},
		{"an internet gateway with an address in use", func(s *site) *thing { return s.gateway }, func(s *site) string {
			return "deleting EC2 Internet Gateway: DependencyViolation: Network " + s.vpc.id + " has some mapped public address(es). Please unmap those public address(es) before detaching the gateway."
		}},
		{"an Elastic IP in use", func(s *site) *thing {
			s.group = s.create(eipToken, "second", in{"domain": "vpc"})
			node := s.create(instanceToken, "second", s.node(in{"privateIp": "172.31.2.239", "vpcSecurityGroupIds": nil}))
			s.create(eipAssociationToken, "second", in{"allocationId": s.group.id, "instanceId": node.id})
			return s.group
		}, func(s *site) string {
			return "deleting EC2 EIP: InvalidIPAddress.InUse: Address " + s.group.id + " is in use."
		}},
		{"a protected instance", func(s *site) *thing {
			s.group = s.create(instanceToken, "protected", s.node(in{"privateIp": "172.31.2.239", "disableApiTermination": true}))
			return s.group
		}, func(s *site) string {
			return "deleting EC2 Instance: OperationNotPermitted: The instance '" + s.group.id + "' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again."
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t, nil)
			node := s.create(instanceToken, "node", s.node(nil))
			eip := s.create(eipToken, "eip", in{"domain": "vpc"})
			s.create(eipAssociationToken, "association", in{"allocationId": eip.id, "instanceId": node.id})
			assert.EqualError(t, s.delete(test.first(s)), test.want(s))
		})
	}
}

func TestTeardown(t *testing.T) {
	s := newSite(t, nil)
	locked := s.create(defaultToken, "locked", in{"vpcId": s.vpc.id})
	rule := s.create(ingressToken, "ssh", ssh(s))
	node := s.create(instanceToken, "node", s.node(nil))
	eip := s.create(eipToken, "eip", in{"domain": "vpc"})
	association := s.create(eipAssociationToken, "association", in{"allocationId": eip.id, "instanceId": node.id})
	for _, r := range []*thing{association, eip, node, rule, s.group, s.association, s.route, s.table, s.gateway, s.subnet, locked, s.vpc, s.key} {
		require.NoError(t, s.delete(r), r.urn)
	}
	assert.Empty(t, s.resources(), "what came with the VPC went with it")
}

func TestOutputs(t *testing.T) {
	s := newSite(t, nil)
	t.Run("a VPC comes with a group and a route table", func(t *testing.T) {
		assert.Regexp(t, `^vpc-0[0-9a-f]{16}$`, s.vpc.id)
		assert.Regexp(t, `^sg-0`, s.output(s.vpc, "defaultSecurityGroupId"))
		assert.Equal(t, s.output(s.vpc, "defaultRouteTableId"), s.output(s.vpc, "mainRouteTableId"))
		assert.Equal(t, "arn:aws:ec2:eu-central-1:123456789012:vpc/"+s.vpc.id, s.output(s.vpc, "arn"))
		assert.Equal(t, true, s.output(s.vpc, "enableDnsSupport"))
	})
	t.Run("the default group is adopted, and given back", func(t *testing.T) {
		locked := s.create(defaultToken, "locked", in{"vpcId": s.vpc.id})
		assert.Equal(t, s.output(s.vpc, "defaultSecurityGroupId"), locked.id)
		assert.Empty(t, s.output(locked, "ingress"))
		require.NoError(t, s.delete(locked))
		assert.Contains(t, s.resources(), locked.id)
	})
	t.Run("a subnet is in the first zone unless told", func(t *testing.T) {
		assert.Equal(t, "eu-central-1a", s.output(s.subnet, "availabilityZone"))
		assert.Equal(t, "euc1-az1", s.output(s.subnet, "availabilityZoneId"))
	})
	t.Run("a key's identifier is its name", func(t *testing.T) {
		assert.Equal(t, s.output(s.key, "keyName"), s.key.id)
		assert.Equal(t, "ed25519", s.output(s.key, "keyType"))
	})
	node := s.create(instanceToken, "node", s.node(nil))
	t.Run("an instance is completed", func(t *testing.T) {
		assert.Equal(t, "ip-172-31-15-119.eu-central-1.compute.internal", s.output(node, "privateDns"))
		assert.Equal(t, "running", s.output(node, "instanceState"))
		assert.Equal(t, "", s.output(node, "publicIp")) //nolint:testifylint // a missing one would be empty, too
		root := s.output(node, "rootBlockDevice").(map[string]any)
		assert.Equal(t, 20.0, root["volumeSize"])
		assert.Equal(t, 3000.0, root["iops"])
		assert.Equal(t, true, root["deleteOnTermination"])
		metadata := s.output(node, "metadataOptions").(map[string]any)
		assert.Equal(t, "required", metadata["httpTokens"])
		assert.Equal(t, "enabled", metadata["httpEndpoint"])
		assert.Equal(t, map[string]any{"Name": "control-plane", "owner": "shop"}, s.output(node, "tagsAll"))
	})
	t.Run("Elastic IPs are given in order and seen on a refresh", func(t *testing.T) {
		first := s.create(eipToken, "first", in{"domain": "vpc"})
		second := s.create(eipToken, "second", in{"domain": "vpc"})
		assert.Equal(t, "127.31.0.1", s.output(first, "publicIp"))
		assert.Equal(t, "127.31.0.2", s.output(second, "publicIp"))
		association := s.create(eipAssociationToken, "association", in{"allocationId": second.id, "instanceId": node.id})
		assert.Equal(t, "127.31.0.2", s.output(association, "publicIp"))
		assert.Equal(t, "127.31.0.2", s.properties(s.read(node).Properties)["publicIp"].StringValue())
		assert.Equal(t, node.id, s.properties(s.read(second).Properties)["instance"].StringValue())
	})
	t.Run("an instance in a public subnet loses its own address when it stops", func(t *testing.T) {
		public := s.create(instanceToken, "public", s.node(in{"privateIp": "172.31.2.239", "associatePublicIpAddress": true}))
		before := s.output(public, "publicIp")
		assert.Equal(t, "127.30.0.1", before)
		require.NoError(t, s.update(public, s.node(in{"privateIp": "172.31.2.239", "associatePublicIpAddress": true, "instanceType": "t3.large"})))
		assert.NotEqual(t, before, s.output(public, "publicIp"))
	})
	t.Run("a volume does not shrink", func(t *testing.T) {
		assert.EqualError(t, s.update(node, s.node(in{"rootBlockDevice": in{"volumeType": "gp3", "volumeSize": 10, "encrypted": true}})),
			"updating EC2 Instance: InvalidParameterValue: New size cannot be smaller than existing size")
	})
}

func TestLookups(t *testing.T) {
	t.Run("the newest image is found, and a newer one when it is published", func(t *testing.T) {
		c := newCloud(t, t.TempDir(), nil)
		before := c.image("debian-13-amd64-*")
		assert.NotEqual(t, before, c.image("debian-12-amd64-*"))
		require.NoError(t, twin.Publish(c.dir, twin.NewImage("debian-13-amd64-20261001-2000", "x86_64", "2026-10-01T20:00:00.000Z")))
		assert.NotEqual(t, before, c.image("debian-13-amd64-*"))
	})
	for _, test := range []struct {
		name, token string
		args        in
		want        string
	}{
		{"no image", "aws:ec2/getAmi:getAmi", in{"owners": []any{"self"}, "mostRecent": true},
			"invoking aws:ec2/getAmi:getAmi: Your query returned no results. Please change your search criteria and try again."},
		{"several images", "aws:ec2/getAmi:getAmi", in{"owners": []any{"136693071363"}},
			"invoking aws:ec2/getAmi:getAmi: Your query returned more than one result. Please try a more specific search criteria, or set `mostRecent` attribute to true."},
		{"an unknown filter", "aws:ec2/getAmi:getAmi", in{"filters": []any{in{"name": "colour", "values": []any{"x"}}}},
			"invoking aws:ec2/getAmi:getAmi: InvalidParameterValue: The filter 'colour' is invalid"},
		{"a misspelt argument", "aws:ec2/getAmi:getAmi", in{"mostRecently": true}, "mostRecently: unknown property"},
		{"another function", "aws:ec2/getVpc:getVpc", in{}, `function "aws:ec2/getVpc:getVpc": not offered by the digital twin of EC2; it has aws:ec2/getAmi:getAmi, aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings, aws:index/getAvailabilityZones:getAvailabilityZones, aws:index/getCallerIdentity:getCallerIdentity, aws:index/getRegion:getRegion`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := newCloud(t, t.TempDir(), nil).invoke(test.token, test.args)
			assert.EqualError(t, err, test.want)
		})
	}
	t.Run("zones, region and account", func(t *testing.T) {
		c := newCloud(t, t.TempDir(), nil)
		zones, err := c.invoke("aws:index/getAvailabilityZones:getAvailabilityZones", in{"state": "available"})
		require.NoError(t, err)
		assert.Equal(t, []any{"eu-central-1a", "eu-central-1b", "eu-central-1c"}, zones["names"].MapRepl(nil, nil))
		region, err := c.invoke("aws:index/getRegion:getRegion", in{})
		require.NoError(t, err)
		assert.Equal(t, "eu-central-1", region["name"].StringValue())
		caller, err := c.invoke("aws:index/getCallerIdentity:getCallerIdentity", in{})
		require.NoError(t, err)
		assert.Equal(t, "123456789012", caller["accountId"].StringValue())
	})
}

func TestMainRouteTable(t *testing.T) {
	s := newSite(t, nil)
	before := s.output(s.vpc, "mainRouteTableId")
	main := s.create(mainToken, "main", in{"vpcId": s.vpc.id, "routeTableId": s.table.id})
	assert.Equal(t, s.table.id, s.properties(s.read(s.vpc).Properties)["mainRouteTableId"].StringValue())
	require.NoError(t, s.delete(main))
	assert.Equal(t, before, s.properties(s.read(s.vpc).Properties)["mainRouteTableId"].StringValue())
}
