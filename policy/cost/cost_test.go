package cost

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPrices(t *testing.T) {
	seen := map[string]bool{}
	regions := map[string]map[string]bool{}
	for _, price := range prices.Prices {
		name := price.Region + " " + price.Item
		assert.False(t, seen[name], "%s: listed twice", name)
		seen[name] = true
		assert.Positive(t, price.USD, name)
		assert.Contains(t, []string{"hour", "GiB-month"}, price.Unit, name)
		assert.Contains(t, prices.Sources, price.Source, name)
		if regions[price.Region] == nil {
			regions[price.Region] = map[string]bool{}
		}
		regions[price.Region][price.Item] = true
	}
	t.Run("each source has an address and a date that is not in the future", func(t *testing.T) {
		for name, source := range prices.Sources {
			address, err := url.Parse(source.URL)
			require.NoError(t, err, name)
			assert.Equal(t, "https", address.Scheme, name)
			date, err := time.Parse(time.DateOnly, source.Date)
			require.NoError(t, err, name)
			assert.False(t, date.After(time.Now()), name)
			seen, err := time.Parse(time.DateOnly, source.seen())
			require.NoError(t, err, name)
			assert.False(t, seen.After(time.Now()), name)
		}
	})
	t.Run("each region has what the default topology is made of", func(t *testing.T) {
		for region, items := range regions {
			for _, item := range []string{"t3.medium", volume, address} {
				assert.True(t, items[item], "%s in %s", item, region)
			}
		}
	})
}

// defaultTopology is what Pulumi.dev.yaml declares.
func defaultTopology(region string) Declared {
	return Declared{
		Region: region, Instances: []string{"t3.medium", "t3.medium", "t3.medium"},
		Volumes:   []Volume{{"gp3", 20}, {"gp3", 20}, {"gp3", 20}},
		Addresses: 3,
	}
}

func TestEstimate(t *testing.T) {
	t.Run("the default topology costs what docs/aws.md says", func(t *testing.T) {
		estimate := Of(defaultTopology("us-east-1"))
		assert.InDelta(t, 106.85, estimate.Monthly, 0.001)
		require.Len(t, estimate.Items, 3)
		instances := estimate.Items[0]
		assert.Equal(t, "t3.medium", instances.What)
		assert.InDelta(t, 3*730, instances.Quantity, 0)
		assert.InDelta(t, 91.10, instances.Monthly, 0.001)
		assert.NotEmpty(t, instances.Source)
		assert.NotEmpty(t, instances.Date)
		assert.Empty(t, estimate.Unpriced)
		assert.NotEmpty(t, estimate.LeavesOut)
	})
	t.Run("credits cost at most what docs/aws.md says", func(t *testing.T) {
		declared := defaultTopology("us-east-1")
		declared.Unlimited = declared.Instances
		estimate := Of(declared)
		assert.InDelta(t, 175.20, estimate.CreditsAtMost, 0.001)
		assert.InDelta(t, 106.85, estimate.Monthly, 0.001, "a bound is no part of the sum")
		declared.Unlimited = []string{"m5.large", "t2.medium"}
		assert.Zero(t, Of(declared).CreditsAtMost)
	})
	t.Run("a region has its own prices", func(t *testing.T) {
		assert.InDelta(t, 3*730*0.048+3*730*0.005+60*0.0952, Of(defaultTopology("eu-central-1")).Monthly, 0.01)
	})
	t.Run("a type without a price is named and not counted as nothing", func(t *testing.T) {
		declared := defaultTopology("us-east-1")
		declared.Instances = append(declared.Instances, "u-24tb1.metal")
		estimate := Of(declared)
		assert.Equal(t, []string{"u-24tb1.metal in us-east-1: no price in policy/cost/prices.json"}, estimate.Unpriced)
		assert.InDelta(t, 106.85, estimate.Monthly, 0.001)
	})
	t.Run("in a region without prices everything is unpriced", func(t *testing.T) {
		estimate := Of(defaultTopology("ap-south-2"))
		assert.Zero(t, estimate.Monthly)
		assert.Len(t, estimate.Unpriced, 3)
	})
	t.Run("what runs by the hour and other disks cost as well", func(t *testing.T) {
		estimate := Of(Declared{
			Region: "us-east-1", Running: []string{"NAT gateway", "NAT gateway", "Application Load Balancer"}, Volumes: []Volume{{"gp2", 100}, {"st1", 500}},
		})
		assert.InDelta(t, 2*730*0.045+730*0.0225+100*0.10+500*0.045, estimate.Monthly, 0.01)
		assert.Empty(t, estimate.Unpriced)
	})
	t.Run("prices that were looked up a year ago are said to be", func(t *testing.T) {
		read := time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)
		assert.Empty(t, at(read.AddDate(0, -1, 0), defaultTopology("eu-west-1")).Aged)
		aged := at(read.AddDate(2, 0, 0), defaultTopology("eu-west-1")).Aged
		require.Len(t, aged, 1)
		assert.Equal(t, "the prices of t3.medium, public IPv4 address, gp3 are older than 12 months, the oldest of 2026-04-01; look them up and renew policy/cost/prices.json", aged[0])
	})
	t.Run("nothing declared costs nothing", func(t *testing.T) {
		estimate := Of(Declared{Region: "us-east-1"})
		assert.Zero(t, estimate.Monthly)
		assert.Empty(t, estimate.Items)
	})
}
