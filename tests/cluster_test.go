package tests

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/tests/pulumitest"
)

func TestClusterSteps(t *testing.T) {
	rec := clusterRun(t, clusterArgs())
	assert.Equal(t, []string{
		"shop-control-plane-admit-worker-node-1", "shop-control-plane-admit-worker-node-2", "shop-control-plane-calico",
		"shop-control-plane-certificates", "shop-control-plane-files", "shop-control-plane-init", "shop-control-plane-kubeconfig",
		"shop-control-plane-kubeconfig-admin", "shop-control-plane-kubeconfig-edit", "shop-control-plane-kubeconfig-view", "shop-control-plane-login-keys",
		"shop-control-plane-member-control-plane", "shop-control-plane-member-worker-node-1", "shop-control-plane-member-worker-node-2",
		"shop-control-plane-prepare", "shop-control-plane-ready",
		"shop-control-plane-vacate-worker-node-1", "shop-control-plane-vacate-worker-node-2",
		"shop-worker-node-1-certificates", "shop-worker-node-1-files", "shop-worker-node-1-join", "shop-worker-node-1-login-keys", "shop-worker-node-1-monitoring", "shop-worker-node-1-prepare", "shop-worker-node-1-request", "shop-worker-node-1-upgrade",
		"shop-worker-node-2-certificates", "shop-worker-node-2-files", "shop-worker-node-2-join", "shop-worker-node-2-login-keys", "shop-worker-node-2-prepare", "shop-worker-node-2-request", "shop-worker-node-2-upgrade", "shop-worker-node-2-volumes",
	}, rec.Names(clusterCommand))

	step := func(name string) *pulumitest.Resource { return rec.Get(t, clusterCommand, "shop-"+name) }
	for name, line := range map[string]string{
		"worker-node-1-prepare": "sudo timeout --kill-after=10 5400 env NODE_IP='172.31.2.239' KUBERNETES_VERSION='" + clusterRelease.Version + "' CONTAINERD_VERSION='" + versions.All.Containerd.Version + "' PACKAGES='' SWAP='off' DIGEST /opt/platform/bin/prepare.sh",
		"control-plane-init":    "sudo timeout --kill-after=10 10800 env NODE_NAME='control-plane' ENDPOINT='172.31.15.119:6443' ADDRESS='203.0.113.119' KUBERNETES_VERSION='" + clusterRelease.Version + "' CONTAINERD_VERSION='" + versions.All.Containerd.Version + "' POD_CIDR='192.168.0.0/16' SERVICE_CIDR='10.96.0.0/12' IGNORE='' DIGEST /opt/platform/bin/init.sh",
		"control-plane-calico":  "sudo timeout --kill-after=10 1200 env CALICO_VERSION='" + versions.All.Calico.Version + "' MANIFEST_URL='https://raw.githubusercontent.com/projectcalico/calico/v" + versions.All.Calico.Version + "/manifests/calico.yaml' MANIFEST_SHA256='" + versions.All.Calico.ManifestSHA256 + "' DIGEST /opt/platform/bin/calico.sh",
		"worker-node-2-volumes": "sudo timeout --kill-after=10 600 env VOLUMES='/var/lib/platform/volumes/postgres=5' DIGEST /opt/platform/bin/local-volumes.sh",
		"worker-node-2-join":    "sudo timeout --kill-after=10 1500 env NODE_NAME='worker-node-2' ENDPOINT='172.31.15.119:6443' KUBERNETES_VERSION='" + clusterRelease.Version + "' DIGEST /opt/platform/bin/join.sh",
	} {
		assert.Equal(t, line, clusterLine(step(name)), name)
	}

	t.Run("each step waits for what it builds on", func(t *testing.T) {
		for _, pair := range [][2]string{
			{"control-plane-prepare", "control-plane-files"}, {"control-plane-init", "control-plane-prepare"},
			{"control-plane-calico", "control-plane-init"}, {"control-plane-kubeconfig", "control-plane-init"},
			{"control-plane-admit-worker-node-1", "worker-node-1-request"}, {"control-plane-admit-worker-node-1", "control-plane-init"},
			{"worker-node-1-join", "control-plane-admit-worker-node-1"}, {"worker-node-1-join", "worker-node-1-prepare"},
			{"worker-node-2-volumes", "worker-node-2-prepare"}, {"worker-node-2-join", "worker-node-2-volumes"},
			{"control-plane-member-worker-node-1", "worker-node-1-join"}, {"control-plane-member-worker-node-1", "control-plane-calico"},
			{"worker-node-1-monitoring", "worker-node-1-join"},
			{"control-plane-ready", "control-plane-member-worker-node-1"}, {"control-plane-ready", "control-plane-member-worker-node-2"},
		} {
			assert.True(t, rec.WaitsFor(step(pair[0]), step(pair[1])), "%s must wait for %s", pair[0], pair[1])
		}
	})
	t.Run("nodes are prepared and joined in parallel", func(t *testing.T) {
		for _, pair := range [][2]string{
			{"worker-node-1-prepare", "control-plane-prepare"}, {"worker-node-2-join", "worker-node-1-join"}, {"worker-node-1-join", "control-plane-calico"},
		} {
			assert.False(t, rec.WaitsFor(step(pair[0]), step(pair[1])), "%s need not wait for %s", pair[0], pair[1])
		}
	})
	t.Run("what the worker asks for reaches the control plane, and the answer comes back", func(t *testing.T) {
		assert.Equal(t, "request of shop-worker-node-1-request", step("control-plane-admit-worker-node-1").Input("stdin"))
		assert.Equal(t, "admission by shop-control-plane-admit-worker-node-1", step("worker-node-1-join").Input("stdin"))
	})
	t.Run("a worker that goes is drained, then it forgets the cluster", func(t *testing.T) {
		assert.Equal(t, "sudo timeout --kill-after=10 1500 env NODE_NAME='worker-node-1' /opt/platform/bin/drain.sh",
			step("control-plane-member-worker-node-1").Input("delete"))
		assert.Equal(t, "sudo timeout --kill-after=10 600 env /opt/platform/bin/reset.sh", step("worker-node-1-join").Input("delete"))
		for _, r := range rec.All(clusterCommand) {
			if !strings.Contains(r.Name, "-member-") && !strings.HasSuffix(r.Name, "-join") && !strings.HasSuffix(r.Name, "-monitoring") {
				assert.False(t, r.Has("delete"), r.Name)
			}
		}
	})
	t.Run("a node without monitoring has no agent", func(t *testing.T) {
		assert.Nil(t, rec.Find(clusterCommand, "shop-worker-node-2-monitoring"))
		assert.NotContains(t, clusterUpload(t, step("worker-node-2-files")), "etc/node-exporter.yaml")
	})
}

func TestClusterConnections(t *testing.T) {
	keys := clusterKeys("control-plane", "worker-node-1", "worker-node-2")
	commands := clusterRun(t, clusterArgs()).All(clusterCommand)
	require.NotEmpty(t, commands)
	for _, r := range commands {
		host := "control-plane"
		for _, worker := range []string{"worker-node-1", "worker-node-2"} {
			if strings.HasPrefix(r.Name, "shop-"+worker) {
				host = worker
			}
		}
		assert.Equal(t, "admin", r.Input("connection.user"), r.Name)
		assert.Equal(t, keys.Hosts[host].Public, r.Input("connection.hostKey"), r.Name)
		assert.Equal(t, float64(15), r.Input("connection.dialErrorLimit"), r.Name)
		assert.Equal(t, float64(5), r.Input("connection.perDialTimeout"), r.Name)
		for occasion, hooks := range map[string][]string{
			"beforeCreate": {"shop-" + host + "-speaks"}, "beforeUpdate": {"shop-" + host + "-speaks"},
			"onError": {"shop-" + host + "-answers"}, "beforeDelete": nil,
		} {
			assert.Equal(t, hooks, r.Hooks[occasion], "%s: %s", r.Name, occasion)
		}
		assert.True(t, r.IsSecret("connection.privateKey"), r.Name)
		assert.Equal(t, false, r.Input("addPreviousOutputInEnv"), r.Name)
		assert.Regexp(t, `^sudo timeout --kill-after=10 \d+ env `, r.Input("create"), r.Name)
		for _, absent := range []string{"environment", "update"} {
			assert.False(t, r.Has(absent), "%s has %s", r.Name, absent)
		}
	}
}

func TestClusterPreviewBeforeAnythingExists(t *testing.T) {
	args := clusterArgs()
	rec := pulumitest.Run(t, clusterOnInstances(args), pulumitest.Preview(), clusterOutputs, clusterInstances)
	whole := pulumitest.Run(t, clusterOnInstances(clusterArgs()), clusterOutputs, clusterInstances)
	for _, typ := range whole.Types() {
		assert.Equal(t, whole.Names(typ), rec.Names(typ), "a preview shows every %s", typ)
	}
	assert.Equal(t, pulumitest.Unknown, rec.Export("kubeconfig"))
	assert.True(t, rec.IsSecretExport("kubeconfig"), "what is not known yet is secret all the same")
	assert.Equal(t, "ecommerce-platform-dev", rec.Get(t, clusterProvider, "shop-kubernetes").Input("clusterIdentifier"))
}
