//go:build lab && lifecycle

package lifecycle

import (
	"context"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"ecommerce-platform/tests/lab/labtest"
	"ecommerce-platform/tests/lab/preview"
)

const lost = "worker-node-2"

// testLostMachineIsReplaced loses the backend's machine with its disk. What the preview said of that comes true, and a refresh
// and an update put another machine in its place.
func testLostMachineIsReplaced(t *testing.T) {
	requireWhole(t)
	predicted := predictedLoss(t)
	_, err := shop.SQL(t.Context(), "create table if not exists lost (note text)")
	require.NoError(t, err)
	before := labtest.Get[corev1.Node](t, shop, "node", lost)
	container, err := shop.Container(t.Context(), lost)
	require.NoError(t, err)

	clients := startTraffic(t)
	start := time.Now()
	_, err = docker("rm", "--force", "--volumes", container)
	require.NoError(t, err)
	assert.Contains(t, predicted.DataLost, "volume ecommerce-postgres-worker-node-2 (claim ecommerce/postgres-worker-node-2)", "the preview says that this data goes with the machine")
	watched := watchTiers(t)
	_, err = shop.Stack.Refresh(t.Context())
	require.NoError(t, err)
	_, err = shop.Stack.Up(t.Context())
	require.NoError(t, err)
	requireWhole(t) // nothing is left of the lost Node: no route, no pod that never ends
	requireServed(t)
	note(t, "the backend's machine is lost", "another one is in its place %s after the loss", time.Since(start).Round(time.Second))

	page, data := clients.endUnchecked(t, "while the backend's machine is lost and replaced")
	assertNothingLost(t, "page", page)
	assert.Positive(t, data.Lost, "the backend was away")
	after := labtest.Get[corev1.Node](t, shop, "node", lost)
	assert.NotEqual(t, before.UID, after.UID, "the Node is the new machine's own")
	assert.Subset(t, after.Labels, map[string]string{"node-role.kubernetes.io/worker": "", "tier": "backend", "storage": "hdd"})
	_, err = shop.SQL(t.Context(), "select count(*) from lost")
	require.ErrorContains(t, err, `relation "lost" does not exist`, "the disk's data is gone, as predicted")

	lowest := watched()
	for _, tier := range predicted.Tiers {
		assert.Equal(t, tier.StaysUp+tier.Moves, lowest[tier.Tier], "%s while the node was away, as predicted", tier.Tier)
	}
	note(t, "pods on other nodes meanwhile", "%v, as the preview tells", lowest)
	requireUnchanged(t)
}

// predictedLoss is what a preview says of losing the node.
func predictedLoss(t *testing.T) preview.Loss {
	t.Helper()
	result, err := preview.Run(t.Context(), preview.Options{})
	require.NoError(t, err)
	require.NotNil(t, result.Report)
	for _, loss := range result.Report.NodeLoss {
		if loss.Node == lost {
			return loss
		}
	}
	t.Fatalf("the preview does not tell what losing %s does", lost)
	return preview.Loss{}
}

// watchTiers counts each tier's pods that are up on other nodes, as often as it can; what it returns ends that, and tells the lowest.
func watchTiers(t *testing.T) func() map[string]int {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan map[string]int, 1)
	go func() {
		lowest := map[string]int{}
		wait.UntilWithContext(ctx, func(ctx context.Context) {
			pods, err := look[corev1.PodList](ctx, "pods", "-n", namespace)
			if err != nil {
				return
			}
			up := map[string]int{"frontend": 0, "backend": 0, "postgres": 0, "redis": 0}
			for _, pod := range pods.Items {
				if pod.Spec.NodeName != lost && isReady(pod) {
					up[pod.Labels["app.kubernetes.io/name"]]++
				}
			}
			for tier, n := range up {
				if least, seen := lowest[tier]; !seen || n < least {
					lowest[tier] = n
				}
			}
		}, 2*time.Second)
		over <- lowest
	}()
	return func() map[string]int {
		cancel()
		return maps.Clone(<-over)
	}
}
