//go:build lab && lifecycle

package lifecycle

import (
	"cmp"
	"context"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/tests/lab/images"
	"ecommerce-platform/tests/lab/labtest"
	"ecommerce-platform/tests/lab/load"
	"ecommerce-platform/tests/lab/mirror"
)

// older is a lab whose cluster begins one minor before another.
var older = labtest.Options{Name: "ecommerce-platform-u", VpcCidr: "172.31.64.0/20", Mirror: mirror.Options{Minors: mirror.AllMinors}}

// upgradeCase is a topology, where an upgrade of it is killed, and what may be lost meanwhile.
type upgradeCase struct {
	name string
	// to is the minor that the upgrade goes to from the one before. Default, that of a new cluster.
	to string
	// more are workers beside those of Pulumi.dev.yaml.
	more map[string]any
	kill interruption
	// debian is what the machines run. Default, the newest.
	debian images.Debian
	// pinned are, for each path, the tiers that a single node can run: while that is emptied, they are away.
	pinned map[string][]string
}

var upgradeCases = []upgradeCase{
	{
		name: "the specification's nodes",
		kill: interruption{
			name: "while kubeadm upgrade apply runs, with a loss of power", node: "control-plane", powerLoss: true,
			reached: `pgrep -f "[k]ubeadm upgrade apply" && ls -d /etc/kubernetes/tmp/kubeadm-backup-manifests*`,
		},
		pinned: map[string][]string{"/": {"frontend"}, "/data": {"frontend", "backend"}},
	},
	{
		name:   "a second frontend worker, on the Debian before",
		debian: images.Older,
		more: map[string]any{
			"name": "worker-node-3", "role": "worker", "privateIp": "172.31.72.9", "labels": map[string]any{"tier": "frontend", "storage": "ssd"},
		},
		kill: interruption{
			name: "while a worker's kubelet is replaced", node: "worker-node-1",
			reached: `pgrep -f "[u]pgrade.sh" && pgrep -x dpkg`,
		},
		pinned: map[string][]string{"/": nil, "/data": {"backend"}},
	},
}

// homes are the nodes of tiers that only one node runs.
var homes = map[string]string{"frontend": "worker-node-1", "backend": "worker-node-2"}

// TestUpgrade takes clusters from one minor of Kubernetes to the next under a request loop.
func TestUpgrade(t *testing.T) {
	for _, c := range upgradeCases {
		t.Run(c.name, func(t *testing.T) {
			recordResult(t)
			from, to := c.releases(t)
			config := c.open(t, from)
			c.upgrade(t, config, from, to)
			t.Run("the platform works", works)
			t.Run("a version back is refused", func(t *testing.T) { refusesToGoBack(t, config, from, to) })
		})
	}
}

// releases are the versions that the upgrade goes from and to.
func (c upgradeCase) releases(t *testing.T) (from, to string) {
	t.Helper()
	all := versions.All.Kubernetes
	minor := cmp.Or(c.to, all.Default)
	at := slices.Index(all.Minors(), minor)
	require.Positive(t, at, "no minor before %s is in the table", minor)
	return all.Releases[at-1].Version, all.Releases[at].Version
}

// open brings a lab up at the older version, in the place of the other tests' lab, and returns its configuration.
func (c upgradeCase) open(t *testing.T, from string) map[string]any {
	theirs, their := shop, options
	options = older
	options.Mirror.Debian = c.debian
	options.Keep = their.Keep
	lab, err := labtest.Open(t.Context(), options)
	require.NoError(t, err)
	shop = lab
	ctx := context.WithoutCancel(t.Context())
	t.Cleanup(func() {
		if t.Failed() {
			shop.Diagnose(ctx, os.Stderr)
		}
		assert.NoError(t, shop.Close(ctx))
		shop, options = theirs, their
	})
	nodes, err := shop.Nodes()
	require.NoError(t, err)
	if c.more != nil {
		nodes = append(nodes, c.more)
		shop.Addresses = maps.Clone(shop.Addresses)
		shop.Addresses["worker-node-3"] = c.more["privateIp"].(string)
	}
	config := map[string]any{"nodes": nodes, "kubernetesVersion": from}
	require.NoError(t, shop.Set(t.Context(), config))
	_, err = shop.Stack.Up(t.Context())
	require.NoError(t, err)
	require.NoError(t, shop.Connect(t.Context()))
	assertVersions(t, from)
	return config
}

// upgrade goes to the newer version, killed once on the way, and judges what clients saw.
func (c upgradeCase) upgrade(t *testing.T, config map[string]any, from, to string) {
	kubeconfig := shop.Outputs["kubeconfig"]
	loops := map[string]*load.Loop{}
	for path := range c.pinned {
		loops[path] = load.Start(t.Context(), load.Options{URL: shop.Outputs["frontendUrl"].(string) + path})
	}
	book := openBook(t)
	orders := load.Start(t.Context(), load.Options{Ask: book.place, PerSecond: 2})
	config["kubernetesVersion"] = to
	require.NoError(t, shop.Set(t.Context(), config))
	start := time.Now()
	killed := t.Run("it is killed "+c.kill.name, func(t *testing.T) { c.kill.kill(t, pulumiUpOnLab) })
	require.NoError(t, shop.Recover(t.Context()))
	again := time.Now()
	_, err := shop.Stack.Up(t.Context())
	require.NoError(t, err)
	require.True(t, killed)
	note(t, "upgrade, "+c.name, "%s to %s in %s, killed after %s", from, to,
		time.Since(start).Round(time.Second), again.Sub(start).Round(time.Second))
	require.NoError(t, shop.Connect(t.Context()))
	assertVersions(t, to)
	assert.NotEqual(t, kubeconfig, shop.Outputs["kubeconfig"], "the kubeconfig among the outputs is the old one")
	for path, loop := range loops {
		report := loop.Stop()
		note(t, "requests to "+path+" during the upgrade, "+c.name, "%s", report)
		assertLosses(t, path, report, c.pinned[path])
	}
	note(t, "orders during the upgrade, "+c.name, "%s", orders.Stop())
	book.requireKept(t, "an upgrade, "+c.name)
}

// assertVersions looks at every kubelet, at the API server and at the images of the control plane.
func assertVersions(t *testing.T, version string) {
	t.Helper()
	for _, node := range labtest.Get[corev1.NodeList](t, shop, "nodes").Items {
		assert.Equal(t, "v"+version, node.Status.NodeInfo.KubeletVersion, node.Name)
		assert.False(t, node.Spec.Unschedulable, "%s is closed", node.Name)
		assert.NotContains(t, node.Annotations, "ecommerce-platform/upgrading", node.Name)
	}
	assert.Contains(t, shop.Kubectl(t, "get", "--raw", "/version"), `"gitVersion": "v`+version+`"`)
	pods := labtest.Get[corev1.PodList](t, shop, "pods", "-n", "kube-system").Items
	seen := 0
	for _, pod := range pods {
		for _, name := range []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"} {
			if strings.HasPrefix(pod.Name, name) {
				assert.True(t, strings.HasSuffix(pod.Spec.Containers[0].Image, ":v"+version), "%s runs %s", pod.Name, pod.Spec.Containers[0].Image)
				seen++
			}
		}
	}
	assert.Equal(t, 3+len(shop.Addresses), seen, "components of the control plane, and a proxy on each node")
}

func refusesToGoBack(t *testing.T, config map[string]any, from, to string) {
	back := maps.Clone(config)
	back["kubernetesVersion"] = from
	require.NoError(t, shop.Set(t.Context(), back))
	result, err := shop.Stack.Up(t.Context())
	require.Error(t, err)
	assert.Contains(t, result.Output, `kubernetesVersion "`+from+`": cannot go back, this node runs `+to)
	assertVersions(t, to)
	require.NoError(t, shop.Set(t.Context(), config))
	_, err = shop.Stack.Up(t.Context())
	require.NoError(t, err)
	works(t)
}
