package tests

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/cluster"
	"ecommerce-platform/infra/boundary"
	"ecommerce-platform/tests/pulumitest"
)

func TestClusterSteps(t *testing.T) {
	rec := clusterRun(t, clusterArgs())
	assert.Equal(t, []string{
		"shop-control-plane-admit-worker-node-1", "shop-control-plane-admit-worker-node-2", "shop-control-plane-calico",
		"shop-control-plane-certificates", "shop-control-plane-files", "shop-control-plane-init", "shop-control-plane-kubeconfig",
		"shop-control-plane-member-control-plane", "shop-control-plane-member-worker-node-1", "shop-control-plane-member-worker-node-2",
		"shop-control-plane-prepare", "shop-control-plane-ready",
		"shop-control-plane-vacate-worker-node-1", "shop-control-plane-vacate-worker-node-2",
		"shop-worker-node-1-certificates", "shop-worker-node-1-files", "shop-worker-node-1-join", "shop-worker-node-1-monitoring", "shop-worker-node-1-prepare", "shop-worker-node-1-request", "shop-worker-node-1-upgrade",
		"shop-worker-node-2-certificates", "shop-worker-node-2-files", "shop-worker-node-2-join", "shop-worker-node-2-prepare", "shop-worker-node-2-request", "shop-worker-node-2-upgrade", "shop-worker-node-2-volumes",
	}, rec.Names(clusterCommand))

	step := func(name string) *pulumitest.Resource { return rec.Get(t, clusterCommand, "shop-"+name) }
	for name, line := range map[string]string{
		"worker-node-1-prepare": "sudo timeout --kill-after=10 5400 env NODE_IP='172.31.2.239' KUBERNETES_VERSION='1.35.4' PAUSE_IMAGE='registry.k8s.io/pause:3.10.1' PACKAGES='' SWAP='off' DIGEST /opt/platform/bin/prepare.sh",
		"control-plane-init":    "sudo timeout --kill-after=10 10800 env NODE_NAME='control-plane' ENDPOINT='172.31.15.119:6443' ADDRESS='203.0.113.119' KUBERNETES_VERSION='1.35.4' POD_CIDR='192.168.0.0/16' SERVICE_CIDR='10.96.0.0/12' IGNORE='' DIGEST /opt/platform/bin/init.sh",
		"control-plane-calico":  "sudo timeout --kill-after=10 1200 env MANIFEST_URL='https://raw.githubusercontent.com/projectcalico/calico/v3.28.5/manifests/calico.yaml' MANIFEST_SHA256='206678e7adb2e931bb97385300c408490635616f371941d68468207d6e0f9713' DIGEST /opt/platform/bin/calico.sh",
		"worker-node-2-volumes": "sudo timeout --kill-after=10 600 env VOLUMES='/var/lib/platform/volumes/postgres=5' DIGEST /opt/platform/bin/local-volumes.sh",
		"worker-node-2-join":    "sudo timeout --kill-after=10 1500 env NODE_NAME='worker-node-2' ENDPOINT='172.31.15.119:6443' KUBERNETES_VERSION='1.35.4' DIGEST /opt/platform/bin/join.sh",
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

func TestClusterLeavesAMachineBeforeAnotherTakesItsPlace(t *testing.T) {
	args := clusterArgs()
	for i := range args.Nodes {
		args.Nodes[i].MachineID = pulumi.String("i-" + args.Nodes[i].Name)
	}
	rec := clusterRun(t, args)
	for _, r := range rec.All(clusterCommand) {
		machine := ""
		if node, ok := strings.CutSuffix(r.Name, "-files"); ok {
			machine = "i-" + strings.TrimPrefix(node, "shop-")
		} else if _, node, ok := strings.Cut(r.Name, "-member-worker-"); ok {
			node = "worker-" + node
			machine = "i-" + node
			assert.Contains(t, r.PropertyDeps["triggers"], rec.Get(t, clusterCommand, "shop-"+node+"-files").URN,
				"the engine deletes %s before it replaces what is first on that machine", r.Name)
		}
		if machine == "" {
			assert.False(t, r.Has("triggers"), "%s runs again on another machine, and need not be undone on this one", r.Name)
			continue
		}
		assert.Equal(t, []any{machine}, r.Input("triggers"), r.Name)
		assert.True(t, r.DeleteBeforeReplace, r.Name)
	}
	assert.Equal(t, "i-worker-node-2", rec.Get(t, clusterPatch, "shop-worker-node-2-labels").Input("metadata.annotations.ecommerce-platform/machine"),
		"another machine's Node has none of the labels, so they are due again")
}

func TestClusterSecrets(t *testing.T) {
	rec := clusterRun(t, clusterArgs())
	assert.Empty(t, rec.FindPlain(strings.Split(clusterKeys().Login.Private, "\n")[3]), "the login key is in plain sight")
	assert.Empty(t, rec.FindPlain(clusterAdminKey), "the kubeconfig is in plain sight")
	assert.True(t, rec.IsSecretExport("kubeconfig"))
	assert.Equal(t, "kubeconfig with "+clusterAdminKey, rec.Export("kubeconfig"))

	kubeconfig := rec.Get(t, clusterCommand, "shop-control-plane-kubeconfig")
	assert.Equal(t, "none", kubeconfig.Input("logging"))
	assert.Subset(t, kubeconfig.AdditionalSecretOutputs, []string{"stdout", "stderr"})
	for _, r := range rec.All(clusterCommand) {
		for _, input := range []string{"create", "delete", "stdin"} {
			assert.False(t, r.IsSecret(input), "%s of %s must not need to be secret", input, r.Name)
		}
	}
}

func TestClusterFiles(t *testing.T) {
	args := clusterArgs()
	args.Kubelet = map[string]any{"maxPods": 60, "evictionHard": map[string]any{"nodefs.available": "0%"}}
	args.IgnorePreflightErrors = []string{"SystemVerification"}
	args.Containerd.RestrictOomScoreAdj = true
	args.Mirrors = cluster.Mirrors{
		Packages: "http://172.31.0.2/apt", PackagesKey: "-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
		Images: "http://172.31.0.2:5000", Manifests: "http://172.31.0.2/manifests",
	}
	rec := clusterRun(t, args)

	control := clusterUpload(t, rec.Get(t, clusterCommand, "shop-control-plane-files"))
	worker := clusterUpload(t, rec.Get(t, clusterCommand, "shop-worker-node-1-files"))
	pulumitest.Golden(t, "cluster/init.yaml", control["etc/kubeadm.yaml"])
	pulumitest.Golden(t, "cluster/dns.yaml", control["etc/patches/corednsdeployment.yaml"])
	pulumitest.Golden(t, "cluster/kustomization.yaml", control["etc/kustomization.yaml"])
	pulumitest.Golden(t, "cluster/containerd.toml", control["etc/containerd.toml"])
	pulumitest.Golden(t, "cluster/hosts.toml", control["etc/hosts.toml"])
	pulumitest.Golden(t, "cluster/join.yaml", worker["etc/kubeadm.yaml"])
	pulumitest.Golden(t, "cluster/node-exporter.yaml", worker["etc/node-exporter.yaml"])
	assert.Equal(t, args.Mirrors.PackagesKey, worker["etc/packages.asc"])
	for name := range worker {
		assert.NotContains(t, []string{"bin/init.sh", "bin/admit.sh", "bin/kubeconfig.sh"}, name, "a worker has no use for it")
	}

	line := clusterLine(rec.Get(t, clusterCommand, "shop-worker-node-1-prepare"))
	assert.Contains(t, line, "PACKAGES='http://172.31.0.2/apt'")
	assert.Contains(t, line, "REGISTRIES='docker.io quay.io registry.k8s.io'")
	assert.Contains(t, clusterLine(rec.Get(t, clusterCommand, "shop-control-plane-calico")), "MANIFEST_URL='http://172.31.0.2/manifests/calico/v3.28.5/calico.yaml'")

	args.Kubelet["failSwapOn"] = false
	line = clusterLine(clusterRun(t, args).Get(t, clusterCommand, "shop-worker-node-1-prepare"))
	assert.Contains(t, line, "SWAP='keep'", "a kubelet that lives with swap keeps it")
}

func TestClusterKubernetesObjects(t *testing.T) {
	args := clusterArgs()
	args.Nodes[0].Labels = map[string]string{"tier": "control"}
	args.Nodes[0].Taints = []boundary.Taint{{Key: "example.com/own", Effect: "NoExecute"}}
	args.Nodes[2].Taints = []boundary.Taint{{Key: "tier", Value: "backend", Effect: "NoSchedule"}}
	rec := clusterRun(t, args)

	provider := rec.Get(t, clusterProvider, "shop-kubernetes")
	assert.Equal(t, "ecommerce-platform-dev", provider.Input("clusterIdentifier"))
	assert.Equal(t, "false", fmt.Sprint(provider.Input("deleteUnreachable")), "said, since a variable of the environment would decide otherwise")
	assert.True(t, provider.IsSecret("kubeconfig"))

	pool := rec.Get(t, clusterPool, "shop-pool")
	assert.Equal(t, map[string]any{
		"cidr": "192.168.0.0/16", "blockSize": float64(26), "ipipMode": "Never", "vxlanMode": "Never",
		"natOutgoing": true, "nodeSelector": "all()", "allowedUses": []any{"Workload", "Tunnel"},
	}, pool.Input("spec"))
	bgp := rec.Get(t, clusterBGP, "shop-bgp")
	assert.Equal(t, map[string]any{"asNumber": float64(64512), "logSeverityScreen": "Info", "nodeToNodeMeshEnabled": true}, bgp.Input("spec"))
	assert.Equal(t, "default", bgp.Input("metadata.name"))

	budget := rec.Get(t, clusterBudget, "shop-dns")
	assert.Equal(t, "kube-system", budget.Input("metadata.namespace"))
	assert.Equal(t, float64(1), budget.Input("spec.maxUnavailable"), "a drain leaves names resolving")
	assert.Equal(t, map[string]any{"k8s-app": "kube-dns"}, budget.Input("spec.selector.matchLabels"))

	first := rec.Get(t, clusterPatch, "shop-worker-node-1-labels")
	assert.Equal(t, "worker-node-1", first.Input("metadata.name"))
	assert.Equal(t, map[string]any{"tier": "frontend", "storage": "ssd", "node-role.kubernetes.io/worker": ""}, first.Input("metadata.labels"))
	assert.False(t, first.Has("spec"), "no taints, no claim to the list")
	assert.Empty(t, first.Input("metadata.annotations.ecommerce-platform/taints"))
	second := rec.Get(t, clusterPatch, "shop-worker-node-2-labels")
	assert.Equal(t, []any{map[string]any{"key": "tier", "value": "backend", "effect": "NoSchedule"}}, second.Input("spec.taints"))
	assert.Equal(t, "tier:NoSchedule", second.Input("metadata.annotations.ecommerce-platform/taints"))
	assert.Contains(t, rec.Get(t, clusterCommand, "shop-control-plane-member-worker-node-2").InputString("create"), " TAINTS='tier:NoSchedule' ")
	control := rec.Get(t, clusterPatch, "shop-control-plane-labels")
	assert.Equal(t, map[string]any{"tier": "control"}, control.Input("metadata.labels"))
	assert.Equal(t, []any{
		map[string]any{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"},
		map[string]any{"key": "example.com/own", "effect": "NoExecute"},
	}, control.Input("spec.taints"), "the control plane's own taint stays")

	assert.True(t, rec.WaitsFor(pool, rec.Get(t, clusterCommand, "shop-control-plane-calico")))
	assert.True(t, rec.WaitsFor(first, rec.Get(t, clusterCommand, "shop-control-plane-member-worker-node-1")))
	ready := rec.Get(t, clusterCommand, "shop-control-plane-ready")
	for _, r := range []*pulumitest.Resource{pool, bgp, first, second, control} {
		assert.True(t, rec.WaitsFor(ready, r), r.Name)
		assert.True(t, strings.HasPrefix(r.Provider, provider.URN+"::"), r.Name)
	}
	plain := clusterRun(t, clusterArgs()).Get(t, clusterPatch, "shop-control-plane-labels")
	assert.Equal(t, []any{
		map[string]any{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"},
	}, plain.Input("spec.taints"), "taking the last taint of one's own away leaves the control plane's")
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

func TestClusterGoesWithItsMachines(t *testing.T) {
	const instance = "aws:ec2/instance:Instance"
	rec := pulumitest.Run(t, clusterOnInstances(clusterArgs()), clusterOutputs, clusterInstances)
	for name, machine := range map[string]string{
		"shop-worker-node-1-join": "worker-node-1", "shop-worker-node-1-monitoring": "worker-node-1",
		"shop-control-plane-member-worker-node-1": "control-plane", "shop-control-plane-kubeconfig": "control-plane",
	} {
		assert.Equal(t, rec.Get(t, instance, machine).URN, rec.Get(t, clusterCommand, name).DeletedWith, name)
	}
	assert.Equal(t, rec.Get(t, instance, "control-plane").URN, rec.Get(t, clusterPool, "shop-pool").DeletedWith)
	assert.Equal(t, rec.Get(t, instance, "worker-node-2").URN, rec.Get(t, clusterPatch, "shop-worker-node-2-labels").DeletedWith)
}

// TestClusterGoesWithoutAskingIt is about a stack of the cluster alone: another one holds the machines.
func TestClusterGoesWithoutAskingIt(t *testing.T) {
	rec := clusterRun(t, clusterArgs())
	start := rec.Get(t, clusterCommand, "shop-control-plane-init")
	assert.False(t, start.Has("delete"), "what everything goes with is not asked either")
	asked := 0
	for _, r := range rec.All() {
		if strings.HasPrefix(r.Type, "kubernetes:") || r.Has("delete") {
			asked++
			assert.Equal(t, start.URN, r.DeletedWith, r.Name)
		}
	}
	assert.Greater(t, asked, 5)
}

// TestClusterNamesResolve is about where the cluster's DNS runs with so many workers.
func TestClusterNamesResolve(t *testing.T) {
	placed := func(workers int) (patch string, budget any) {
		args := clusterArgs()
		args.Nodes = args.Nodes[:1+workers]
		rec := clusterRun(t, args)
		patch = clusterUpload(t, rec.Get(t, clusterCommand, "shop-control-plane-files"))["etc/patches/corednsdeployment.yaml"]
		return patch, rec.Get(t, clusterBudget, "shop-dns").Input("spec.maxUnavailable")
	}
	alone, budget := placed(0)
	assert.NotContains(t, alone, "required", "both pods are on the only node")
	assert.Equal(t, "100%", budget, "which can be drained all the same")
	one, budget := placed(1)
	assert.Contains(t, one, "podAntiAffinity")
	assert.NotContains(t, one, "nodeAffinity", "one is on the control plane")
	assert.Equal(t, float64(1), budget)
	two, _ := placed(2)
	assert.Contains(t, two, "podAntiAffinity")
	assert.Contains(t, two, "nodeAffinity", "none is on the control plane")
}
