package rollout_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/rollout"
)

func clusterOf(path string, value any) modeltest.Change {
	return modeltest.Set(model.PostgresType, modeltest.Database, path, value)
}

func TestRolloutsOfADatabase(t *testing.T) {
	nodes := []string{"worker-node-1", "worker-node-2"}
	for name, c := range map[string]struct {
		instances float64
		changes   []modeltest.Change
		strategy  string
		lowest    int
	}{
		"two":                   {2, nil, "CloudNativePG, standbys first, then the primary after a switchover", 1},
		"one":                   {1, nil, "CloudNativePG, the primary in its place", 0},
		"a restart in place":    {2, []modeltest.Change{clusterOf("spec.primaryUpdateMethod", "restart")}, "CloudNativePG, standbys first, then the primary in its place", 1},
		"a person has the word": {2, []modeltest.Change{clusterOf("spec.primaryUpdateStrategy", "supervised")}, "CloudNativePG, standbys first, then the primary after a switchover, when a person says so", 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := of(t, "postgres", append([]modeltest.Change{modeltest.Replicated(c.instances, nodes...)}, c.changes...)...)
			assert.True(t, r.Completes, r.Stuck)
			assert.Equal(t, c.strategy, r.Strategy)
			assert.Equal(t, c.lowest, r.Lowest)
			assert.Equal(t, model.PostgresKind, r.Kind)
		})
	}
}

func TestDrainsOfANodeWithAnInstance(t *testing.T) {
	drains := func(instances float64, changes ...modeltest.Change) map[string]rollout.Drain {
		found, err := rollout.Drains(simulate(t, append([]modeltest.Change{modeltest.Replicated(instances, "worker-node-1", "worker-node-2")}, changes...)...))
		require.NoError(t, err)
		byNode := map[string]rollout.Drain{}
		for _, d := range found {
			byNode[d.Node] = d
		}
		return byNode
	}
	two := drains(2)
	for _, node := range []string{"worker-node-1", "worker-node-2"} {
		assert.True(t, two[node].Completes, "%+v", two[node].Blocked)
		assert.Equal(t, []rollout.Switchover{{Tier: "postgres"}}, two[node].Switchovers)
	}
	assert.Empty(t, two["control-plane"].Switchovers)

	blocked := 0
	for _, d := range drains(1) {
		for _, b := range d.Blocked {
			blocked++
			assert.True(t, b.Never)
			assert.Equal(t, "postgres-primary", b.Budget)
			assert.Equal(t, "set instances: 2 or more, or enablePDB: false", b.Remedy)
		}
	}
	assert.Equal(t, 1, blocked, "the node of the only instance")
}
