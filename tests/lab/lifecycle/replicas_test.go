//go:build lab && lifecycle

package lifecycle

import (
	"context"
	"fmt"
	"net/netip"
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

// testReplicas gives the database a second server on another worker, and takes away the primary in each way there is, while clients order
// without a pause. No order that a client was told of is lost.
func testReplicas(t *testing.T) {
	requireWhole(t)
	settings, err := shop.Settings(t.Context())
	require.NoError(t, err)
	nodes, err := shop.Nodes()
	require.NoError(t, err)
	address := netip.MustParseAddr(shop.Addresses["worker-node-1"]).Next().String()
	require.NoError(t, shop.Set(t.Context(), map[string]any{
		"postgres": over(settings["postgres"], map[string]any{"replicas": 2, "volume": "replicas", "moved": "replicas"}),
		"nodes": append(nodes, map[string]any{
			"name": newcomer, "role": "worker", "privateIp": address, "labels": map[string]any{"tier": "backend", "storage": "ssd"},
		}),
	}))
	start := time.Now()
	_, err = shop.Stack.Up(t.Context())
	require.NoError(t, err)
	shop.Addresses[newcomer] = address
	t.Cleanup(func() { delete(shop.Addresses, newcomer) })
	require.NoError(t, shop.Connect(t.Context()))
	requireReplicas(t, "")
	requireWhole(t)
	requireServed(t)
	note(t, "the database gets a second server", "after %s", time.Since(start).Round(time.Second))

	for _, f := range []struct {
		name string
		// happen takes the primary away, and returns how it comes back.
		happen func(t *testing.T, primary corev1.Pod) (back func())
	}{
		{"the primary's pod is killed", killsPod},
		{"the primary's node is drained", drains},
		{"the primary's machine loses power", losesPower},
	} {
		t.Run(f.name, func(t *testing.T) {
			recordResult(t)
			requireWhole(t)
			before := primary(t)
			clients := startTraffic(t)
			begin := time.Now()
			back := f.happen(t, before)
			requirePrimaryOtherThan(t, before.Name)
			note(t, f.name, "another server is the primary after %s", time.Since(begin).Round(time.Second))
			requireServed(t)
			back()
			requireReplicas(t, before.Name)
			requireWhole(t)
			page, _ := clients.end(t, f.name)
			assertNothingLost(t, "page", page)
			note(t, f.name, "two servers again after %s", time.Since(begin).Round(time.Second))
		})
	}
	requireUnchanged(t)

	// Its data are where they were, as the one server left them.
	require.NoError(t, shop.Set(t.Context(), nil))
	_, err = shop.Stack.Up(t.Context())
	require.NoError(t, err)
	delete(shop.Addresses, newcomer)
	require.NoError(t, shop.Connect(t.Context()))
	requireWhole(t)
	requireServed(t)
	requireUnchanged(t)
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

// requirePrimaryOtherThan waits until another server is the primary.
func requirePrimaryOtherThan(t *testing.T, before string) {
	t.Helper()
	labtest.Eventually(t, 3*time.Minute, func() error {
		now, err := database(t.Context())
		if err == nil && (now.Status.CurrentPrimary == before || now.Status.CurrentPrimary != now.Status.TargetPrimary) {
			err = fmt.Errorf("the primary is %s and is to be %s", now.Status.CurrentPrimary, now.Status.TargetPrimary)
		}
		return err
	})
}

// requireReplicas waits until every server is ready, on a node of its own, and follows the primary, which is not the one of before.
func requireReplicas(t *testing.T, before string) {
	t.Helper()
	labtest.Eventually(t, 6*time.Minute, func() error {
		now, err := database(t.Context())
		if err != nil {
			return err
		}
		if now.Status.ReadyInstances != now.Spec.Instances || now.Status.CurrentPrimary == before {
			return fmt.Errorf("%d of %d servers are ready, the primary is %q", now.Status.ReadyInstances, now.Spec.Instances, now.Status.CurrentPrimary)
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

func killsPod(t *testing.T, gone corev1.Pod) func() {
	shop.Kubectl(t, "delete", "pod", "-n", namespace, gone.Name, "--force", "--grace-period=0")
	return func() {}
}

// drains empties the primary's node, as an upgrade does, and gives it back.
func drains(t *testing.T, gone corev1.Pod) func() {
	shop.Kubectl(t, "drain", gone.Spec.NodeName, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=180s")
	return func() { shop.Kubectl(t, "uncordon", gone.Spec.NodeName) }
}

// losesPower ends the primary's machine from one moment to the next, and starts it again.
func losesPower(t *testing.T, gone corev1.Pod) func() {
	container, err := shop.Container(t.Context(), gone.Spec.NodeName)
	require.NoError(t, err)
	_, err = docker("kill", container)
	require.NoError(t, err)
	start := func() error {
		_, err := docker("start", container)
		return err
	}
	t.Cleanup(func() { _ = start() })
	return func() {
		require.NoError(t, start())
		labtest.Eventually(t, 3*time.Minute, func() error { return renewed(t.Context(), gone.Spec.NodeName, time.Now().Add(-20*time.Second)) })
	}
}
