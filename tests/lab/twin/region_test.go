package twin_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/twin"
)

// TestRegions has two stacks' providers in one account: in one region they share everything, in two only IAM.
func TestRegions(t *testing.T) {
	frankfurt := newSite(t, nil)
	provider := func(region string) *cloud {
		return serve(t, region, frankfurt.dir, twin.New(frankfurt.dir, "ecommerce-platform", nil))
	}
	second, dublin := provider("eu-central-1"), build(provider("eu-west-1"), "172.31.0.0/20")
	login := in{"keyName": frankfurt.key.id, "publicKey": publicKey}

	t.Run("the name of a key pair is taken once in a region", func(t *testing.T) {
		_, err := second.try(keyToken, "login-2", login)
		require.EqualError(t, err, "creating EC2 Key Pair: InvalidKeyPair.Duplicate: The keypair already exists")
		require.Equal(t, frankfurt.key.id, dublin.key.id)
		require.NoError(t, dublin.delete(dublin.create(keyToken, "login-2", in{"keyName": "another", "publicKey": publicKey})))
		assert.NotEmpty(t, frankfurt.read(frankfurt.key).Id, "the other region's stays")
	})
	t.Run("the name of a role is taken once in the account", func(t *testing.T) {
		role := frankfurt.create(roleToken, "backup", in{"assumeRolePolicy": trust})
		_, err := dublin.try(roleToken, "backup-2", in{"assumeRolePolicy": trust, "name": role.id})
		require.EqualError(t, err, "creating IAM Role: EntityAlreadyExists: Role with that name already exists.")
		profile := dublin.create(profileToken, "control-plane", in{"role": role.id})
		dublin.create(instanceToken, "node", dublin.node(in{"iamInstanceProfile": profile.id}))
	})
	t.Run("a network is seen in its region only", func(t *testing.T) {
		subnet := in{"vpcId": frankfurt.vpc.id, "cidrBlock": "172.31.0.0/24"}
		_, err := dublin.try(subnetToken, "subnet-2", subnet)
		require.EqualError(t, err, "creating EC2 Subnet: InvalidVpcID.NotFound: The vpc ID '"+frankfurt.vpc.id+"' does not exist")
		assert.Empty(t, dublin.read(frankfurt.vpc).Id)
		_, err = second.try(subnetToken, "subnet-2", subnet)
		require.ErrorContains(t, err, "InvalidSubnet.Conflict")
	})
	t.Run("two stacks share a region's quota", func(t *testing.T) {
		addresses := map[any]bool{}
		for n := range 5 {
			c := []*cloud{frankfurt.cloud, second}[n%2]
			addresses[c.output(c.create(eipToken, fmt.Sprint("eip-", n), in{"domain": "vpc"}), "publicIp")] = true
		}
		_, err := second.try(eipToken, "eip-5", in{"domain": "vpc"})
		require.ErrorContains(t, err, "AddressLimitExceeded")
		elsewhere := dublin.create(eipToken, "eip", in{"domain": "vpc"})
		assert.NotContains(t, addresses, dublin.output(elsewhere, "publicIp"), "a public address is one in the whole world")
	})
}
