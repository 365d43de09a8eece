package nodeloss_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/nodeloss"
	"ecommerce-platform/policy/placement"
)

func lose(t *testing.T, node string, changes ...modeltest.Change) (nodeloss.Loss, map[string]nodeloss.TierLoss) {
	t.Helper()
	s, err := placement.Simulate(t.Context(), modeltest.Dev(t, changes...))
	require.NoError(t, err)
	losses, err := nodeloss.Analyze(s)
	require.NoError(t, err)
	for _, loss := range losses {
		if loss.Node == node {
			tiers := map[string]nodeloss.TierLoss{}
			for _, tier := range loss.Tiers {
				tiers[tier.Tier] = tier
			}
			return loss, tiers
		}
	}
	require.Failf(t, "loss", "%s is missing", node)
	return nodeloss.Loss{}, nil
}

func TestLosingTheBackendsNode(t *testing.T) {
	loss, tiers := lose(t, "worker-node-2")
	assert.Equal(t, []string{"volume ecommerce-postgres-worker-node-2 (claim ecommerce/postgres-worker-node-2)"}, loss.DataLost)
	assert.False(t, loss.ControlPlane)
	assert.True(t, tiers["backend"].Down())
	assert.Equal(t, 3, tiers["backend"].Pending)
	assert.Contains(t, tiers["backend"].Reason, "didn't match Pod's node affinity/selector")
	assert.Equal(t, 4, tiers["frontend"].StaysUp)
	assert.Equal(t, 1, tiers["redis"].StaysUp)
	assert.Equal(t, 1, tiers["redis"].Pending)
	assert.False(t, tiers["redis"].Down())
}

func TestADiskOfItsOwnIsNotLostWithItsNode(t *testing.T) {
	loss, tiers := lose(t, "worker-node-2",
		modeltest.Set("kubernetes:core/v1:PersistentVolume", "shop-postgres", "metadata.annotations.ecommerce-platform/disk", "ebs"))
	assert.Empty(t, loss.DataLost)
	assert.Equal(t, 1, tiers["postgres"].Pending, "it waits for the machine that gets the disk")
}

func TestLosingTheControlPlaneMovesNothing(t *testing.T) {
	loss, tiers := lose(t, "control-plane")
	assert.True(t, loss.ControlPlane)
	assert.Equal(t, []string{"etcd: the state of the cluster"}, loss.DataLost)
	for name, tier := range tiers {
		assert.Zero(t, tier.Moves+tier.Pending, name)
		assert.NotZero(t, tier.StaysUp, name)
	}
}

func TestPodsMoveToANodeOfTheSameKind(t *testing.T) {
	_, tiers := lose(t, "worker-node-1",
		modeltest.Set("kubernetes:core/v1:NodePatch", "platform-worker-node-2-labels", "metadata.labels.tier", "frontend"),
		modeltest.Remove("kubernetes:apps/v1:Deployment", "shop-backend"),
		modeltest.Remove("kubernetes:apps/v1:Deployment", "shop-postgres"))
	frontend := tiers["frontend"]
	assert.Equal(t, 4, frontend.StaysUp+frontend.Moves)
	assert.Equal(t, map[string]int{"worker-node-2": frontend.Moves}, frontend.To)
	assert.NotZero(t, frontend.Moves)
	assert.Zero(t, frontend.Pending)
}
