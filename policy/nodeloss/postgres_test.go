package nodeloss_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/nodeloss"
	"ecommerce-platform/policy/placement"
	"ecommerce-platform/policy/update"
)

func TestLosingANodeWithAnInstance(t *testing.T) {
	times, err := update.ReadTimes()
	require.NoError(t, err)
	usual := nodeloss.Failover{Seconds: times.NodeNoticed.Seconds + times.Promotion.Seconds, Noticed: times.NodeNoticed.Seconds}
	with := func(change func(*nodeloss.Failover)) *nodeloss.Failover {
		f := usual
		change(&f)
		return &f
	}
	synchronous := func(path string, value any) modeltest.Change {
		return modeltest.Set(model.PostgresType, modeltest.Database, "spec.postgresql.synchronous"+path, value)
	}
	for name, c := range map[string]struct {
		instances float64
		changes   []modeltest.Change
		failover  *nodeloss.Failover
		lost      int
	}{
		"a standby takes over, and nothing is lost": {2, nil, with(func(*nodeloss.Failover) {}), 0},
		"after a wait": {
			2, []modeltest.Change{modeltest.Set(model.PostgresType, modeltest.Database, "spec.failoverDelay", 30.0)}, with(func(f *nodeloss.Failover) { f.Seconds += 30 }), 0,
		},
		"where silence is short": {
			2, []modeltest.Change{modeltest.Set(model.ClusterType, "platform", "nodeMonitorGracePeriod", "16s")},
			with(func(f *nodeloss.Failover) { f.Seconds, f.Noticed = 16+times.Promotion.Seconds, 16 }), 0,
		},
		"writes wait for a standby": {
			2, []modeltest.Change{synchronous(".dataDurability", "required")}, with(func(f *nodeloss.Failover) { f.WritesWait = true }), 0,
		},
		"writes wait for a standby where nothing is said of it": {
			2, []modeltest.Change{modeltest.Unset(model.PostgresType, modeltest.Database, "spec.postgresql.synchronous.dataDurability")}, with(func(f *nodeloss.Failover) { f.WritesWait = true }), 0,
		},
		"standbys that are behind": {
			2, []modeltest.Change{modeltest.Unset(model.PostgresType, modeltest.Database, "spec.postgresql.synchronous")}, with(func(f *nodeloss.Failover) { f.LosesLast = true }), 0,
		},
		"the only instance": {1, nil, nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			changes := append([]modeltest.Change{modeltest.Replicated(c.instances, "worker-node-1", "worker-node-2")}, c.changes...)
			failovers, lost := 0, 0
			for _, node := range []string{"worker-node-1", "worker-node-2"} {
				loss, tiers := lose(t, node, changes...)
				lost += len(loss.DataLost)
				if f := tiers["postgres"].Failover; f != nil {
					failovers++
					assert.Equal(t, c.failover, f)
					assert.Equal(t, 1, tiers["postgres"].StaysUp)
					assert.Equal(t, 1, tiers["postgres"].Pending, "its volume is gone with the node")
					assert.Contains(t, tiers["postgres"].Reason, "its volume is on "+node)
				}
			}
			assert.Equal(t, c.lost, lost)
			assert.Equal(t, map[bool]int{true: 2, false: 0}[c.failover != nil], failovers)
		})
	}
}

func TestLosingTheOnlyInstanceNamesItsClaim(t *testing.T) {
	one := modeltest.Replicated(1, "worker-node-2")
	loss, tiers := lose(t, "worker-node-2", one)
	assert.Equal(t, []string{"volume ecommerce-postgres-worker-node-2 (claim ecommerce/postgres-1)"}, loss.DataLost)
	assert.True(t, tiers["postgres"].Down())
}

func TestLosingBothInstancesLosesBothVolumes(t *testing.T) {
	s, err := placement.Simulate(t.Context(), modeltest.Dev(t, modeltest.Replicated(2, "worker-node-1", "worker-node-2")))
	require.NoError(t, err)
	loss, _, err := nodeloss.Lose(s, "the zone", s.Stack.Node("worker-node-1"), s.Stack.Node("worker-node-2"))
	require.NoError(t, err)
	assert.Len(t, loss.DataLost, 2)
}

func TestTheControlPlaneGoesWithoutAFailover(t *testing.T) {
	_, tiers := lose(t, "control-plane", modeltest.Replicated(2, "worker-node-1", "worker-node-2"))
	assert.Nil(t, tiers["postgres"].Failover)
	assert.Equal(t, 2, tiers["postgres"].StaysUp)
}
