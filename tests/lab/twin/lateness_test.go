package twin_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/twin"
)

// newLateSite has an account whose EC2 is as late as TWIN_LATE says.
func newLateSite(t *testing.T, late string) *site {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TWIN_STATE", dir)
	t.Setenv("TWIN_LATE", late)
	provider, err := twin.FromEnvironment()
	require.NoError(t, err)
	return build(serve(t, "eu-central-1", dir, provider), "172.31.0.0/20")
}

func TestLateness(t *testing.T) {
	t.Run("a group that was just made is not there for some requests", func(t *testing.T) {
		s := newLateSite(t, "groups=2")
		unknown := "InvalidGroup.NotFound: The security group '" + s.group.id + "' does not exist"
		_, err := s.try(ingressToken, "ssh", ssh(s))
		require.EqualError(t, err, "creating VPC Security Group Ingress Rule: "+unknown)
		_, err = s.try(instanceToken, "node", s.node(nil))
		require.EqualError(t, err, "creating EC2 Instance: "+unknown)
		s.create(ingressToken, "ssh", ssh(s))
		s.create(instanceToken, "node", s.node(nil))
	})
	t.Run("an address is free some requests after its machine has gone", func(t *testing.T) {
		s := newLateSite(t, "addresses=1")
		require.NoError(t, s.delete(s.create(instanceToken, "node", s.node(nil))))
		_, err := s.try(instanceToken, "node", s.node(nil))
		require.EqualError(t, err, "creating EC2 Instance: InvalidIPAddress.InUse: Address 172.31.15.119 is in use.")
		other := s.create(instanceToken, "other", s.node(in{"privateIp": "172.31.2.239"}))
		assert.NotEmpty(t, other.id, "other addresses are")
		s.create(instanceToken, "node", s.node(nil))
	})
	t.Run("a misspelt one is refused", func(t *testing.T) {
		t.Setenv("TWIN_STATE", t.TempDir())
		t.Setenv("TWIN_LATE", "roles=1")
		_, err := twin.FromEnvironment()
		assert.EqualError(t, err, `TWIN_LATE "roles=1": must be a list of name=number, names addresses, groups`)
	})
}
