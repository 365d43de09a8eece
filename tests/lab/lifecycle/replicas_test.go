//go:build lab && lifecycle

package lifecycle

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/tests/lab/labtest"
)

// replicated is what the operator says of the database.
type replicated struct {
	Spec   struct{ Instances int }
	Status struct {
		CurrentPrimary, TargetPrimary string
		ReadyInstances                int
	}
}

// testReplicas gives the database a second server on another worker, takes away the primary in each way there is, again and again while
// clients order without a pause, and goes back to one server. No order that a client was told of is lost.
func testReplicas(t *testing.T) {
	requireWhole(t)
	settings, err := shop.Settings(t.Context())
	require.NoError(t, err)
	nodes, err := shop.Nodes()
	require.NoError(t, err)
	address := netip.MustParseAddr(shop.Addresses["worker-node-1"]).Next().String()
	nodes = append(nodes, map[string]any{
		"name": newcomer, "role": "worker", "privateIp": address, "labels": map[string]any{"tier": "backend", "storage": "hdd"},
	})
	first := placeOrder(t)
	move(t, "deployment/postgres", "service/postgres-rw", map[string]any{
		"postgres": over(settings["postgres"], map[string]any{"replicas": 2, "volume": "replicas", "moved": "replicas"}),
		"nodes":    nodes,
	})
	shop.Addresses[newcomer] = address
	t.Cleanup(func() { delete(shop.Addresses, newcomer) })
	requireReplicas(t)
	requireWhole(t)
	requireServed(t)
	assert.Equal(t, first, askOrder(t, first.ID))

	testTakeovers(t)
	requireUnchanged(t)

	second := placeOrder(t)
	backToOne(t, nodes)
	assert.Equal(t, first, askOrder(t, first.ID))
	assert.Equal(t, second, askOrder(t, second.ID))
}

// backToOne goes back to one server with all that several of them have, and to the workers of before.
func backToOne(t *testing.T, nodes []any) {
	t.Helper()
	settings, err := shop.Settings(t.Context())
	require.NoError(t, err)
	// A worker that may have the database's data is not to be deleted. In the update after that it has none.
	move(t, "service/postgres-rw", "deployment/postgres", map[string]any{
		"nodes": nodes, "postgres": over(settings["postgres"], map[string]any{"node": "worker-node-2"}),
	})
	require.NoError(t, shop.Set(t.Context(), nil))
	_, err = shop.Stack.Up(t.Context())
	require.NoError(t, err)
	delete(shop.Addresses, newcomer)
	requireWhole(t)
	requireServed(t)
	requireUnchanged(t)
}

// move takes the database from the servers that kubectl knows by one name to those of another one, by the recipe's own lines.
func move(t *testing.T, from, to string, config map[string]any) {
	t.Helper()
	settings, err := shop.Settings(t.Context())
	require.NoError(t, err)
	before, after := recipe(t, "## Move the database")
	dir, start := t.TempDir(), time.Now()
	const inRecipe = "deployment/postgres"
	run(t, dir, strings.ReplaceAll(before, inRecipe, from))
	config["backend"] = over(settings["backend"], map[string]any{"replicas": 0})
	for _, step := range []func(){
		func() { run(t, dir, strings.ReplaceAll(after, inRecipe, to)) },
		func() {},
	} {
		require.NoError(t, shop.Set(t.Context(), config))
		_, err = shop.Stack.Up(t.Context())
		require.NoError(t, err)
		require.NoError(t, shop.Connect(t.Context()))
		step()
		delete(config, "backend")
	}
	note(t, "the database moves to "+to, "after %s", time.Since(start).Round(time.Second))
}

func database(ctx context.Context) (replicated, error) {
	return look[replicated](ctx, "clusters.postgresql.cnpg.io", "-n", namespace, "postgres")
}

// primary is the pod of the server that takes orders.
func primary(t *testing.T) corev1.Pod {
	t.Helper()
	now, err := database(t.Context())
	require.NoError(t, err)
	return labtest.Get[corev1.Pod](t, shop, "pod", "-n", namespace, now.Status.CurrentPrimary)
}

// requireReplicas waits until every server is ready, on a node of its own, and follows the primary.
func requireReplicas(t *testing.T) {
	t.Helper()
	labtest.Eventually(t, 6*time.Minute, func() error {
		now, err := database(t.Context())
		if err != nil {
			return err
		}
		if now.Status.ReadyInstances != now.Spec.Instances || now.Status.CurrentPrimary != now.Status.TargetPrimary {
			return fmt.Errorf("%d of %d servers are ready, the primary is %s and is to be %s",
				now.Status.ReadyInstances, now.Spec.Instances, now.Status.CurrentPrimary, now.Status.TargetPrimary)
		}
		following, err := shop.SQL(t.Context(), "select count(*) from pg_stat_replication where state = 'streaming' and sync_state in ('sync', 'quorum')")
		if err == nil && following != fmt.Sprint(now.Spec.Instances-1) {
			err = fmt.Errorf("%s servers follow the primary", following)
		}
		return err
	})
	pods := labtest.Get[corev1.PodList](t, shop, "pods", "-n", namespace, "-l", "cnpg.io/podRole=instance").Items
	assert.Len(t, spread(pods), len(pods), "each on a node of its own")
}
