//go:build lab && lifecycle

package lifecycle

import (
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

// other is a lab whose cluster begins with other versions than a new one gets.
var other = labtest.Options{
	Name: "ecommerce-platform-u", VpcCidr: "172.31.64.0/20", Mirror: mirror.Options{Before: true},
}

// upgradeCase is a topology, where an upgrade of it is killed, and what may be lost meanwhile.
type upgradeCase struct {
	name string
	// to is the release that the upgrade goes to from the one before.
	to versions.Release
	// before is the version of containerd.io that the cluster begins with. Default, that of a new cluster.
	before string
	// runtime brings the cluster's nodes to the container runtime that the upgrade finds.
	runtime func(c upgradeCase, t *testing.T, config map[string]any)
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
		name:    "the specification's nodes, to the newest minor",
		to:      newest(),
		before:  versions.All.Containerd.Before,
		runtime: upgradeCase.upgradeRuntime,
		kill: interruption{
			name: "while kubeadm upgrade apply runs, with a loss of power", node: "control-plane", powerLoss: true,
			reached: `pgrep -f "[k]ubeadm upgrade apply" && ls -d /etc/kubernetes/tmp/kubeadm-backup-manifests*`,
		},
		pinned: map[string][]string{"/": {"frontend"}, "/data": {"frontend", "backend"}},
	},
	{
		name:    "a second frontend worker, on the Debian before and its containerd, to the default minor",
		to:      versions.All.Kubernetes.New(),
		runtime: upgradeCase.takeDebiansRuntime,
		debian:  images.Older,
		more: map[string]any{
			"name": "worker-node-3", "role": "worker", "privateIp": "172.31.72.9", "labels": map[string]any{"tier": "frontend", "storage": "ssd"},
		},
		kill: interruption{
			name: "while a worker's packages are replaced", node: "worker-node-1",
			reached: `pgrep -f "[u]pgrade.sh" && pgrep -x dpkg`,
		},
		pinned: map[string][]string{"/": nil, "/data": {"backend"}},
	},
}

// homes are the nodes of tiers that only one node runs.
var homes = map[string]string{"frontend": "worker-node-1", "backend": "worker-node-2"}

// newest is the release with which a cluster can begin that most minors precede.
func newest() versions.Release {
	all := versions.All.Kubernetes.Releases
	return all[len(all)-1]
}

// TestUpgrade takes clusters from one minor of Kubernetes to the next, and from one container runtime to another, under a request
// loop.
func TestUpgrade(t *testing.T) {
	for _, c := range upgradeCases {
		t.Run(c.name, func(t *testing.T) {
			recordResult(t)
			from, to := c.from(t), c.to.Version
			config := c.open(t, from)
			c.runtime(c, t, config)
			c.upgrade(t, config, from, to)
			assertRuntime(t, versions.All.Containerd.Version)
			t.Run("the platform works", works)
			t.Run("a version back is refused", func(t *testing.T) { refusesToGoBack(t, config, from, to) })
		})
	}
}

// TestNewestMinor brings a cluster up with the newest minor, whatever that of a new cluster is.
func TestNewestMinor(t *testing.T) {
	recordResult(t)
	upgradeCase{}.open(t, newest().Version)
	assertRuntime(t, versions.All.Containerd.Version)
	requireWhole(t)
	works(t)
}

// from is the version that the upgrade goes from.
func (c upgradeCase) from(t *testing.T) string {
	t.Helper()
	all := versions.All.Kubernetes
	at := slices.Index(all.Minors(), c.to.Minor())
	require.Positive(t, at, "no minor before %s is in the table", c.to.Minor())
	return all.Releases[at-1].Version
}

// open brings a lab up at a version, in the place of the other tests' lab, and returns its configuration.
func (c upgradeCase) open(t *testing.T, version string) map[string]any {
	t.Helper()
	theirs, their := shop, options
	options = other
	options.Mirror.Debian = c.debian
	options.Mirror.Minors = mirror.Minors{versions.Minor(version)}
	if c.to.Version != "" {
		options.Mirror.Minors = append(options.Mirror.Minors, c.to.Minor())
	}
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
	config := map[string]any{"nodes": nodes, "kubernetesVersion": version}
	if c.before != "" {
		config["containerdVersion"] = c.before
	}
	require.NoError(t, shop.Set(t.Context(), config))
	start := time.Now()
	_, err = shop.Stack.Up(t.Context())
	require.NoError(t, err)
	note(t, "bring-up", "Kubernetes %s in %s", version, time.Since(start).Round(time.Second))
	require.NoError(t, shop.Connect(t.Context()))
	assertVersions(t, version)
	return config
}

// upgrade goes to the newer version, killed once on the way, and judges what clients saw.
func (c upgradeCase) upgrade(t *testing.T, config map[string]any, from, to string) {
	kubeconfig := shop.Outputs["kubeconfig"]
	busy := c.ask(t)
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
	busy.judge(t, "the upgrade, "+c.name)
}

// asking is clients who ask for each path of a case, and customers who order.
type asking struct {
	pinned map[string][]string
	paths  map[string]*load.Loop
	orders *load.Loop
	book   *book
}

func (c upgradeCase) ask(t *testing.T) *asking {
	t.Helper()
	a := &asking{pinned: c.pinned, paths: map[string]*load.Loop{}, book: openBook(t)}
	for path := range c.pinned {
		a.paths[path] = load.Start(t.Context(), load.Options{URL: shop.Outputs["frontendUrl"].(string) + path})
	}
	a.orders = load.Start(t.Context(), load.Options{Ask: a.book.place, PerSecond: 2})
	return a
}

// judge ends the requests, and says which of them may have been lost.
func (a *asking) judge(t *testing.T, what string) {
	t.Helper()
	for path, loop := range a.paths {
		report := loop.Stop()
		note(t, "requests to "+path+" during "+what, "%s", report)
		assertLosses(t, path, report, a.pinned[path])
	}
	note(t, "orders during "+what, "%s", a.orders.Stop())
	a.book.requireKept(t, what)
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
