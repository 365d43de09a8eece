package tests

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"ecommerce-platform/infra/boundary"
	"ecommerce-platform/tests/pulumitest"
)

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
