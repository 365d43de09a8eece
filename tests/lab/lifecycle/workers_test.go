//go:build lab

package lifecycle

import (
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/tests/lab/labtest"
	"ecommerce-platform/tests/lab/load"
)

const newcomer = "worker-node-3"

// testWorkersComeAndGo adds a frontend worker and takes it away again, both by the list of nodes alone, while clients ask without
// a pause. While it boots, somebody else is at work on its packages.
func testWorkersComeAndGo(t *testing.T) {
	requireWhole(t)
	clients := startTraffic(t)
	nodes, err := shop.Nodes()
	require.NoError(t, err)
	address := netip.MustParseAddr(shop.Addresses["worker-node-1"]).Next().String()
	more := map[string]any{"replicas": 6}

	start := time.Now()
	require.NoError(t, shop.Set(t.Context(), map[string]any{"frontend": more, "nodes": append(nodes, map[string]any{
		"name": newcomer, "role": "worker", "privateIp": address, "labels": map[string]any{"tier": "frontend", "storage": "ssd"},
	})}))
	waited := holdPackages(t, newcomer)
	added, err := shop.Stack.Up(t.Context())
	require.NoError(t, err)
	waited(added.Output)
	shop.Addresses[newcomer] = address
	t.Cleanup(func() { delete(shop.Addresses, newcomer) })
	note(t, "a worker is added", "after %s", time.Since(start).Round(time.Second))
	requireWhole(t) // it is in the mesh, and the mesh has its pods' addresses
	block := assertNewcomerWorks(t)

	start = time.Now()
	require.NoError(t, shop.Set(t.Context(), map[string]any{"frontend": more}))
	_, err = shop.Stack.Up(t.Context())
	require.NoError(t, err)
	delete(shop.Addresses, newcomer)
	note(t, "a worker is removed", "after %s", time.Since(start).Round(time.Second))
	owners, err := blocks(t.Context())
	require.NoError(t, err)
	assert.NotContains(t, owners, block, "its addresses are free")
	requireWhole(t) // no Node, route or pod is left of it
	assert.Equal(t, map[string]int{"worker-node-1": 6}, spread(podsOf(t, "frontend")))
	_, err = exec.Command("docker", "inspect", shop.Name+"-"+newcomer).Output()
	require.Error(t, err, "the machine is gone")

	require.NoError(t, shop.Set(t.Context(), nil))
	_, err = shop.Stack.Up(t.Context())
	require.NoError(t, err)
	page, data := clients.end(t, "while workers come and go")
	assertNothingLost(t, "page", page)
	assertNothingLost(t, "/data", data)
	require.NoError(t, shop.Connect(t.Context()))
	requireWhole(t)
}

// assertNewcomerWorks looks at the added worker as the cluster and as clients see it, and returns its pods' address block.
func assertNewcomerWorks(t *testing.T) (block string) {
	t.Helper()
	node := labtest.Get[corev1.Node](t, shop, "node", newcomer)
	assert.Subset(t, node.Labels, map[string]string{"node-role.kubernetes.io/worker": "", "tier": "frontend", "storage": "ssd"})
	assert.Positive(t, spread(podsOf(t, "frontend"))[newcomer], "it got pods")
	owners, err := blocks(t.Context())
	require.NoError(t, err)
	for cidr, owner := range owners {
		if owner == newcomer {
			block = cidr
		}
	}
	assert.NotEmpty(t, block, "it has addresses for pods")

	require.NoError(t, shop.Connect(t.Context()))
	public := ""
	list, _ := shop.Outputs["nodes"].([]any)
	for _, item := range list {
		if output, ok := item.(map[string]any); ok && output["name"] == newcomer {
			public = fmt.Sprint(output["publicIp"])
		}
	}
	require.NotEmpty(t, public, "the outputs name it")
	labtest.Eventually(t, time.Minute, func() error {
		report, err := load.Measure(t.Context(), load.Options{URL: "http://" + public + ":30080/data"}, load.Bounds{Clients: 1, Requests: 10})
		if err == nil && report.Lost > 0 {
			err = errors.New(report.String())
		}
		return err
	})
	return block
}
