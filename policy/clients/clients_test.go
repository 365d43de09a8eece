package clients_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/clients"
	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/placement"
	"ecommerce-platform/policy/update"
)

const (
	deployment = "kubernetes:apps/v1:Deployment"
	image      = "spec.template.spec.containers[0].image"
	address    = "203.0.113.80"
)

// shop runs our backend behind the first worker's address.
func shop() []modeltest.Change {
	return []modeltest.Change{
		modeltest.Set(deployment, "shop-backend", image, "registry.example/shop:1"),
		modeltest.Set(model.WorkloadsType, "shop", "frontendUrl", "http://"+address+":30080"),
		modeltest.Set(model.EipAssociationType, "worker-node-1", "publicIp", address),
	}
}

// see is what clients see of changes to the shop.
func see(t *testing.T, changes ...modeltest.Change) map[string]clients.Seen {
	t.Helper()
	before, err := placement.Simulate(t.Context(), modeltest.Dev(t, shop()...))
	require.NoError(t, err)
	after, u, err := update.Simulate(t.Context(), before, modeltest.Dev(t, append(shop(), changes...)...))
	require.NoError(t, err)
	seen := map[string]clients.Seen{}
	for _, s := range clients.Of(before, after, u) {
		seen[s.What] = s
	}
	return seen
}

func larger(node string) modeltest.Change {
	return modeltest.Set(model.InstanceType, node, "instanceType", "t3.large")
}

func TestSeen(t *testing.T) {
	times, err := update.ReadTimes()
	require.NoError(t, err)
	restart := times.Evict.Seconds + times.MachineRestart.Seconds + times.PodReady.Seconds
	roll := times.Evict.Seconds + times.PodReady.Seconds
	for name, c := range map[string]struct {
		changes []modeltest.Change
		want    map[string]int
	}{
		"nothing changes":            {nil, map[string]int{clients.Page: 0, clients.Data: 0, clients.Orders: 0, clients.API: 0}},
		"a rolling update":           {[]modeltest.Change{modeltest.Set(deployment, "shop-frontend", image, "nginx:1.29")}, map[string]int{clients.Page: 0, clients.Orders: 0}},
		"another database image":     {[]modeltest.Change{modeltest.Set(deployment, "shop-postgres", image, "postgres:16.9")}, map[string]int{clients.Page: 0, clients.Data: 0, clients.Orders: roll}},
		"the frontend's machine":     {[]modeltest.Change{larger("worker-node-1")}, map[string]int{clients.Page: restart, clients.Data: restart, clients.Orders: restart, clients.API: 0}},
		"the backend's machine":      {[]modeltest.Change{larger("worker-node-2")}, map[string]int{clients.Page: 0, clients.Data: restart, clients.Orders: restart}},
		"the control plane":          {[]modeltest.Change{larger("control-plane")}, map[string]int{clients.Page: 0, clients.Orders: 0, clients.API: times.MachineRestart.Seconds + times.APIStart.Seconds}},
		"both workers, and database": {[]modeltest.Change{larger("worker-node-1"), larger("worker-node-2"), modeltest.Set(deployment, "shop-postgres", image, "postgres:16.9")}, map[string]int{clients.Page: restart, clients.Orders: 2*restart + roll}},
	} {
		t.Run(name, func(t *testing.T) {
			seen := see(t, c.changes...)
			for what, seconds := range c.want {
				require.Contains(t, seen, what)
				assert.Equal(t, seconds, seen[what].Seconds, "%s: %v", what, seen[what].Because)
				assert.Equal(t, seconds == 0, len(seen[what].Because) == 0)
				assert.False(t, seen[what].Open)
			}
		})
	}
}

// third is one more worker for the frontend.
func third() []modeltest.Change {
	return []modeltest.Change{
		modeltest.Copy(model.InstanceType, "worker-node-1", "worker-node-3"),
		modeltest.Set(model.InstanceType, "worker-node-3", "privateIp", "172.31.9.9"),
		modeltest.Copy("kubernetes:core/v1:NodePatch", "platform-worker-node-1-labels", "platform-worker-node-3-labels"),
		modeltest.Set("kubernetes:core/v1:NodePatch", "platform-worker-node-3-labels", "metadata.name", "worker-node-3"),
	}
}

func TestTheMachineOfTheURL(t *testing.T) {
	runs := append(shop(), third()...)
	before, err := placement.Simulate(t.Context(), modeltest.Dev(t, runs...))
	require.NoError(t, err)
	for node, away := range map[string]bool{"worker-node-1": true, "worker-node-3": false} {
		after, u, err := update.Simulate(t.Context(), before, modeltest.Dev(t, append(runs[:len(runs):len(runs)], larger(node))...))
		require.NoError(t, err)
		assert.Empty(t, u.Outages, "the other frontend node serves")
		assert.Equal(t, away, clients.Of(before, after, u)[0].Seconds > 0, "%s: the URL names worker-node-1", node)
	}
	t.Run("leaves", func(t *testing.T) {
		before, err := placement.Simulate(t.Context(), modeltest.Dev(t, append(runs[:len(runs):len(runs)],
			modeltest.Set(model.EipAssociationType, "worker-node-1", "publicIp", "203.0.113.81"),
			modeltest.Copy(model.EipAssociationType, "worker-node-1", "worker-node-3"),
			modeltest.Set(model.EipAssociationType, "worker-node-3", "publicIp", address),
			modeltest.From(model.EipAssociationType, "worker-node-3", "instanceId", model.InstanceType, "worker-node-3"),
		)...))
		require.NoError(t, err)
		after, u, err := update.Simulate(t.Context(), before, modeltest.Dev(t, shop()...))
		require.NoError(t, err)
		page := clients.Of(before, after, u)[0]
		assert.True(t, page.Open)
		assert.Equal(t, []string{"worker-node-3 is drained and leaves, until they ask at the new URL"}, page.Because)
	})
}

func TestNoDatabaseNoOrders(t *testing.T) {
	assert.NotContains(t, see(t, modeltest.Set(deployment, "shop-backend", image, "nginx:alpine")), clients.Orders)
}
