package tests

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"ecommerce-platform/cluster"
	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/tests/pulumitest"
)

func TestClusterUpgrade(t *testing.T) {
	rec := clusterRun(t, clusterArgs())
	step := func(name string) *pulumitest.Resource { return rec.Get(t, clusterCommand, "shop-"+name) }
	t.Run("the control plane comes first, then the workers, one at a time", func(t *testing.T) {
		for _, pair := range [][2]string{
			{"control-plane-vacate-worker-node-1", "control-plane-init"}, {"worker-node-1-upgrade", "control-plane-vacate-worker-node-1"},
			{"control-plane-vacate-worker-node-2", "worker-node-1-upgrade"}, {"worker-node-2-upgrade", "control-plane-vacate-worker-node-2"},
			{"control-plane-vacate-worker-node-1", "control-plane-member-worker-node-1"},
		} {
			assert.True(t, rec.WaitsFor(step(pair[0]), step(pair[1])), "%s must wait for %s", pair[0], pair[1])
		}
	})
	t.Run("nothing of a new cluster waits for upgrades", func(t *testing.T) {
		last := step("control-plane-ready")
		for _, name := range []string{"control-plane-vacate-worker-node-1", "worker-node-2-upgrade"} {
			assert.False(t, rec.WaitsFor(last, step(name)), name)
		}
	})
	t.Run("another version reaches every node and the kubeconfig", func(t *testing.T) {
		changed := clusterChanged(t, func(args *cluster.Args) { args.KubernetesVersion = versions.All.Kubernetes.Releases[0].Version })
		for _, name := range []string{
			"control-plane-prepare", "control-plane-init", "control-plane-kubeconfig", "worker-node-1-prepare", "worker-node-2-prepare",
			"control-plane-vacate-worker-node-1", "control-plane-vacate-worker-node-2", "worker-node-1-upgrade", "worker-node-2-upgrade",
		} {
			assert.Contains(t, changed, "shop-"+name)
		}
	})
	t.Run("another version of the runtime takes the same way", func(t *testing.T) {
		changed := clusterChanged(t, func(args *cluster.Args) { args.ContainerdVersion = "2.99.0" })
		for _, name := range []string{
			"control-plane-prepare", "control-plane-init", "worker-node-1-prepare", "control-plane-vacate-worker-node-1", "worker-node-1-upgrade",
			"control-plane-vacate-worker-node-2", "worker-node-2-upgrade",
		} {
			assert.Contains(t, changed, "shop-"+name)
		}
	})
	t.Run("other changes leave versions alone", func(t *testing.T) {
		for name, change := range map[string]func(*cluster.Args){
			"settings of the kubelet": func(args *cluster.Args) { args.Kubelet = map[string]any{"maxPods": 60} },
			"one worker less":         func(args *cluster.Args) { args.Nodes = append(args.Nodes[:1:1], args.Nodes[2]) },
		} {
			changed := clusterChanged(t, change)
			assert.NotContains(t, changed, "shop-control-plane-vacate-worker-node-2", name)
			assert.NotContains(t, changed, "shop-worker-node-2-upgrade", name)
		}
	})
	t.Run("checks that only warn do so in an upgrade too", func(t *testing.T) {
		args := clusterArgs()
		args.IgnorePreflightErrors = []string{"SystemVerification", "Swap"}
		rec := clusterRun(t, args)
		for _, name := range []string{"shop-control-plane-init", "shop-worker-node-1-upgrade"} {
			assert.Contains(t, clusterLine(rec.Get(t, clusterCommand, name)), "IGNORE='SystemVerification,Swap'")
		}
	})
	t.Run("a node gets the libraries that its scripts source", func(t *testing.T) {
		files := clusterUpload(t, step("worker-node-1-files"))
		for _, name := range []string{"bin/lib.sh", "bin/packages.sh", "bin/version.sh"} {
			assert.Contains(t, files, name)
		}
	})
}
