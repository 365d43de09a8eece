package twin_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
)

// TestDiff has one case for each kind of change.
func TestDiff(t *testing.T) {
	same := in{}
	cases := []struct {
		name    string
		token   string
		inputs  func(s *site) in
		changes in
		want    map[string]string // path to kind; empty for no change
	}{
		{"nothing", instanceToken, func(s *site) in { return s.node(nil) }, same, map[string]string{}},
		{"another image", instanceToken, func(s *site) in { return s.node(nil) }, in{"ami": "ami-0123"}, map[string]string{"ami": "UPDATE_REPLACE"}},
		{"another address", instanceToken, func(s *site) in { return s.node(nil) }, in{"privateIp": "172.31.0.9"}, map[string]string{"privateIp": "UPDATE_REPLACE"}},
		{"another key", instanceToken, func(s *site) in { return s.node(nil) }, in{"keyName": "x"}, map[string]string{"keyName": "UPDATE_REPLACE"}},
		{"a larger type", instanceToken, func(s *site) in { return s.node(nil) }, in{"instanceType": "t3.large"}, map[string]string{"instanceType": "UPDATE"}},
		{"other user data", instanceToken, func(s *site) in { return s.node(nil) }, in{"userData": "#cloud-config\n#2\n"}, map[string]string{"userData": "UPDATE"}},
		{"other user data that replaces", instanceToken, func(s *site) in { return s.node(in{"userDataReplaceOnChange": true}) },
			in{"userData": "#cloud-config\n#2\n"}, map[string]string{"userData": "UPDATE_REPLACE"}},
		{"source and destination check", instanceToken, func(s *site) in { return s.node(nil) }, in{"sourceDestCheck": true}, map[string]string{"sourceDestCheck": "UPDATE"}},
		{"a default left out", instanceToken, func(s *site) in { return s.node(in{"sourceDestCheck": true}) }, in{"sourceDestCheck": nil}, map[string]string{}},
		{"an address left out", instanceToken, func(s *site) in { return s.node(nil) }, in{"privateIp": nil}, map[string]string{}},
		{"a larger volume", instanceToken, func(s *site) in { return s.node(nil) },
			in{"rootBlockDevice": in{"volumeType": "gp3", "volumeSize": 30, "encrypted": true}}, map[string]string{"rootBlockDevice.volumeSize": "UPDATE"}},
		{"a volume in the clear", instanceToken, func(s *site) in { return s.node(nil) },
			in{"rootBlockDevice": in{"volumeType": "gp3", "volumeSize": 20, "encrypted": false}}, map[string]string{"rootBlockDevice.encrypted": "UPDATE_REPLACE"}},
		{"tags", instanceToken, func(s *site) in { return s.node(nil) }, in{"tags": in{"Name": "x", "a.b": "y"}},
			map[string]string{"tags.Name": "UPDATE", `tags["a.b"]`: "ADD"}},
		{"an unknown address", instanceToken, func(s *site) in { return s.node(nil) },
			in{"privateIp": resource.MakeComputed(resource.NewProperty(""))}, map[string]string{"privateIp": "UPDATE_REPLACE"}},
		{"another block", vpcToken, func(*site) in { return in{"cidrBlock": "10.0.0.0/16"} }, in{"cidrBlock": "10.1.0.0/16"}, map[string]string{"cidrBlock": "UPDATE_REPLACE"}},
		{"DNS names", vpcToken, func(*site) in { return in{"cidrBlock": "10.0.0.0/16"} }, in{"enableDnsHostnames": true}, map[string]string{"enableDnsHostnames": "ADD"}},
		{"a rule's port", ingressToken, ssh, in{"fromPort": 23, "toPort": 23}, map[string]string{"fromPort": "UPDATE", "toPort": "UPDATE"}},
		{"a rule's block", ingressToken, ssh, in{"cidrIpv4": "203.0.113.8/32"}, map[string]string{"cidrIpv4": "UPDATE"}},
		{"a rule's kind of source", ingressToken, ssh, in{"cidrIpv4": nil, "cidrIpv6": "2001:db8::/32"},
			map[string]string{"cidrIpv4": "DELETE", "cidrIpv6": "ADD_REPLACE"}},
		{"a rule's group", ingressToken, ssh, in{"securityGroupId": "sg-0other"}, map[string]string{"securityGroupId": "UPDATE_REPLACE"}},
		{"a group's description", groupToken, func(s *site) in { return in{"vpcId": s.vpc.id, "description": "a"} }, in{"description": "b"},
			map[string]string{"description": "UPDATE_REPLACE"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, nil)
			values := c.inputs(s)
			r := s.create(c.token, "subject", values)
			response := s.diff(r, with(values, c.changes))
			got := map[string]string{}
			for path, d := range response.DetailedDiff {
				got[path] = d.Kind.String()
			}
			assert.Equal(t, c.want, got)
			assert.Equal(t, len(c.want) > 0, response.Changes == pulumirpc.DiffResponse_DIFF_SOME)
		})
	}
}

func ssh(s *site) in {
	return in{"securityGroupId": s.group.id, "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIpv4": "203.0.113.7/32"}
}

func TestAutoName(t *testing.T) {
	t.Run("a generated name stays over updates and lets the new one come first", func(t *testing.T) {
		s := newSite(t, nil)
		assert.Regexp(t, `^nodes-[0-9a-f]{7}$`, s.output(s.group, "name"))
		response := s.diff(s.group, in{"vpcId": s.vpc.id, "description": "other"})
		assert.Equal(t, []string{"description"}, response.Replaces)
		assert.False(t, response.DeleteBeforeReplace)
	})
	t.Run("a chosen name cannot exist twice, so the old resource goes first", func(t *testing.T) {
		s := newSite(t, nil)
		group := s.create(groupToken, "web", in{"vpcId": s.vpc.id, "name": "web"})
		assert.True(t, s.diff(group, in{"vpcId": s.vpc.id, "name": "web", "description": "other"}).DeleteBeforeReplace)
		assert.False(t, s.diff(group, in{"vpcId": s.vpc.id, "name": "web2"}).DeleteBeforeReplace)
	})
}
