package twin_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/twin"
)

func TestQuotas(t *testing.T) {
	t.Run("a sixth Elastic IP", func(t *testing.T) {
		s := newSite(t, nil)
		var last *thing
		for n := range 5 {
			last = s.create(eipToken, fmt.Sprint("eip-", n), in{"domain": "vpc"})
		}
		_, err := s.try(eipToken, "eip-5", in{"domain": "vpc"})
		require.EqualError(t, err, "creating EC2 EIP: AddressLimitExceeded: The maximum number of addresses has been reached.")
		require.NoError(t, s.delete(last))
		s.create(eipToken, "eip-5", in{"domain": "vpc"})
	})
	t.Run("a sixth VPC", func(t *testing.T) {
		s := newSite(t, nil)
		for n := range 4 {
			s.create(vpcToken, fmt.Sprint("vpc-", n), in{"cidrBlock": "10.0.0.0/16"})
		}
		_, err := s.try(vpcToken, "vpc-4", in{"cidrBlock": "10.0.0.0/16"})
		require.EqualError(t, err, "creating EC2 VPC: VpcLimitExceeded: The maximum number of VPCs has been reached.")
	})
	t.Run("more vCPUs than the account may run, and a type that has too many", func(t *testing.T) {
		s := newSite(t, nil)
		var node *thing
		for n := range 4 {
			node = s.create(instanceToken, fmt.Sprint("node-", n), s.node(in{"instanceType": "t3.2xlarge", "privateIp": fmt.Sprint("172.31.1.", n)}))
		}
		const refused = "EC2 Instance: VcpuLimitExceeded: You have requested more vCPU capacity than your current vCPU limit of 32 allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit."
		_, err := s.try(instanceToken, "node-4", s.node(in{"privateIp": "172.31.2.4"}))
		require.EqualError(t, err, "creating "+refused)
		require.EqualError(t, s.update(node, s.node(in{"instanceType": "m5.4xlarge", "privateIp": "172.31.1.3"})), "updating "+refused)
		require.NoError(t, s.update(node, s.node(in{"privateIp": "172.31.1.3"})))
		s.create(instanceToken, "node-4", s.node(in{"privateIp": "172.31.2.4"}))
	})
	t.Run("what was refused leaves nothing", func(t *testing.T) {
		s := newSite(t, nil)
		for n := range 5 {
			s.create(eipToken, fmt.Sprint("eip-", n), in{"domain": "vpc"})
		}
		before := s.resources()
		_, err := s.try(eipToken, "eip-5", in{"domain": "vpc"})
		require.Error(t, err)
		assert.Equal(t, before, s.resources())
	})
}

func TestQuotasFromTheEnvironment(t *testing.T) {
	t.Setenv("TWIN_STATE", t.TempDir())
	for text, want := range map[string]string{
		"vcpus=5,addresses=6": "",
		"":                    "",
		"cores=5":             `TWIN_QUOTAS "cores=5": must be a list of name=number, names addresses, rules, vcpus, vpcs`,
		"vcpus":               `TWIN_QUOTAS "vcpus": must be a list of name=number, names addresses, rules, vcpus, vpcs`,
	} {
		t.Setenv("TWIN_QUOTAS", text)
		_, err := twin.FromEnvironment()
		if want == "" {
			assert.NoError(t, err, text)
		} else {
			assert.EqualError(t, err, want)
		}
	}
}

func TestAChangeThatFailedIsMadeAgain(t *testing.T) {
	m := newRecorder()
	s := newSite(t, m)
	node := s.create(instanceToken, "control-plane", s.node(nil))
	m.stuck = fmt.Errorf("docker stop: no answer")
	changed := s.node(in{"userData": "#cloud-config\nhostname: other\n"})
	require.ErrorContains(t, s.update(node, changed), "docker stop: no answer")
	m.stuck = nil
	require.NoError(t, s.update(node, changed))
	assert.Equal(t, map[string]string{"ecommerce-platform-control-plane": "#cloud-config\nhostname: other\n"}, m.restarts)
}
