package tests

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/pulumitest"
)

// infraOffers answers which type each zone offers, by pairs of zone and type.
func infraOffers(pairs ...[2]string) pulumitest.Option {
	var zones, types []any
	for _, pair := range pairs {
		zones, types = append(zones, pair[0]), append(types, pair[1])
	}
	return pulumitest.Invoke("aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings", func(map[string]any) (map[string]any, error) {
		return map[string]any{"id": "eu-central-1", "instanceTypes": types, "locations": zones, "locationTypes": []any{}}, nil
	})
}

func TestInfraZone(t *testing.T) {
	const subnet = "aws:ec2/subnet:Subnet"
	t.Run("the first zone that offers every type", func(t *testing.T) {
		args := infraArgs()
		args.AvailabilityZone, args.Nodes[1].InstanceType = "", "m7a.large"
		rec := pulumitest.Run(t, infraProgram(args), infraOffers(
			[2]string{"eu-central-1c", "t3.medium"}, [2]string{"eu-central-1c", "m7a.large"},
			[2]string{"eu-central-1a", "t3.medium"}, [2]string{"eu-central-1b", "m7a.large"}, [2]string{"eu-central-1b", "t3.medium"}))
		assert.Equal(t, "eu-central-1b", rec.Get(t, subnet, "platform-public").Input("availabilityZone"))
		assert.Equal(t, []string{"availabilityZone"}, rec.Get(t, subnet, "platform-public").IgnoreChanges, "another choice later moves nothing")
	})
	for name, c := range map[string]struct {
		zone   string
		offers pulumitest.Option
		want   string
	}{
		"a type that there is not": {"", infraOffers(), `nodes[0].instanceType "t3.medium": no zone of this region offers it`},
		"a zone without the type": {"eu-central-1c", infraOffers([2]string{"eu-central-1a", "t3.medium"}),
			`nodes[2].instanceType "t3.medium": availabilityZone "eu-central-1c" does not offer it, these do: eu-central-1a`},
	} {
		t.Run(name, func(t *testing.T) {
			args := infraArgs()
			args.AvailabilityZone = c.zone
			rec, err := pulumitest.RunErr(t, infraProgram(args), c.offers)
			require.ErrorContains(t, err, c.want)
			assert.Empty(t, rec.All(subnet))
		})
	}
	t.Run("no zone with all of them", func(t *testing.T) {
		args := infraArgs()
		args.AvailabilityZone, args.Nodes[1].InstanceType = "", "m7a.large"
		_, err := pulumitest.RunErr(t, infraProgram(args), infraOffers([2]string{"eu-central-1a", "t3.medium"}, [2]string{"eu-central-1b", "m7a.large"}))
		require.ErrorContains(t, err, "availabilityZone <unset>: no zone of this region offers the instance types of all nodes")
	})
}
