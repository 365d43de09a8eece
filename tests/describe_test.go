package tests

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"

	"ecommerce-platform/cluster"
	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/infra/boundary"
	"ecommerce-platform/tests/pulumitest"
	"ecommerce-platform/workloads"
)

// What policies read in a preview of the cluster layer, where nothing exists yet.
func TestClusterDescribesItself(t *testing.T) {
	args := clusterArgs()
	args.Kubelet = map[string]any{"maxPods": 60}
	args.Nodes[0].Taints = []boundary.Taint{{Key: "dedicated", Value: "infra", Effect: "NoExecute"}}
	rec := pulumitest.Run(t, clusterProgram(args), pulumitest.Preview(), clusterOutputs)
	described := rec.All(cluster.Type)[0]
	assert.Equal(t, "192.168.0.0/16", described.Output("podCidr"))
	assert.Equal(t, "10.96.0.0/12", described.Output("serviceCidr"))
	assert.Equal(t, clusterRelease.Version, described.Output("kubernetesVersion"))
	assert.Equal(t, versions.All.Calico.Version, described.Output("calicoVersion"))
	assert.Equal(t, map[string]any{"maxPods": 60.0}, described.Output("kubelet"))
	assert.Equal(t, map[string]any{
		"name": "control-plane", "role": "control-plane", "privateIp": "172.31.15.119",
		"labels": map[string]any{}, "staticPods": []any{},
		"taints": []any{
			map[string]any{"key": "node-role.kubernetes.io/control-plane", "value": "", "effect": "NoSchedule"},
			map[string]any{"key": "dedicated", "value": "infra", "effect": "NoExecute"},
		},
	}, described.Output("nodes[0]"))
	assert.Equal(t, map[string]any{
		"name": "worker-node-1", "role": "worker", "privateIp": "172.31.2.239", "taints": []any{},
		"labels": map[string]any{"node-role.kubernetes.io/worker": "", "tier": "frontend", "storage": "ssd"},
		"staticPods": []any{map[string]any{
			"name": "node-exporter", "namespace": "kube-system", "hostPort": 9100.0,
			"requests": map[string]any{"cpu": "50m", "memory": "64Mi"},
		}},
	}, described.Output("nodes[1]"))
	for _, url := range []string{
		"https://deb.debian.org", "https://download.docker.com", "https://pkgs.k8s.io", "https://registry-1.docker.io", "https://quay.io", "https://registry.k8s.io",
	} {
		assert.Contains(t, urls(described.Output("sources")), url)
	}
	assert.Contains(t, described.Output("sources"), map[string]any{
		"what": "manifest", "url": "https://raw.githubusercontent.com", "role": "control-plane", "public": true, "registries": []any{},
	})
	assert.Contains(t, described.Output("sources"), map[string]any{
		"what": "images", "url": "https://registry-1.docker.io", "role": "", "public": true, "registries": []any{"docker.io"},
	})

	args.Mirrors = cluster.Mirrors{Images: "http://172.31.0.10:5000", Manifests: "http://172.31.0.10:8080"}
	args.Backup = cluster.Backup{}
	args.Backup.Destination = ""
	rec = pulumitest.Run(t, clusterProgram(args), pulumitest.Preview(), clusterOutputs)
	assert.Equal(t, []string{
		"https://deb.debian.org", "https://download.docker.com", "https://pkgs.k8s.io", "http://172.31.0.10:5000", "http://172.31.0.10:8080",
	}, urls(rec.All(cluster.Type)[0].Output("sources")), "a mirror takes the place of what it mirrors")
}

// urls are those of sources.
func urls(sources any) []string {
	var found []string
	list, _ := sources.([]any)
	for _, item := range list {
		entry, _ := item.(map[string]any)
		url, _ := entry["url"].(string)
		found = append(found, url)
	}
	return found
}

// What policies read where the nodes are in another stack.
func TestWorkloadsDescribeTheNodesTheyAreFor(t *testing.T) {
	args := workloadsArgs()
	args.Nodes = []workloads.Placement{{
		Name: "w1", Labels: map[string]string{"tier": "frontend"}, Address: pulumi.String("203.0.113.1"),
		Taints: []boundary.Taint{{Key: "tier", Value: "frontend", Effect: "NoSchedule"}},
	}, {
		Name: "w2", Labels: map[string]string{"tier": "backend"}, Address: pulumi.String("203.0.113.2"),
	}}
	rec := pulumitest.Run(t, workloadsProgram(args), pulumitest.Preview())
	assert.Equal(t, []any{
		map[string]any{
			"name": "w1", "role": "worker", "labels": map[string]any{"tier": "frontend"},
			"taints": []any{map[string]any{"key": "tier", "value": "frontend", "effect": "NoSchedule"}},
		},
		map[string]any{"name": "w2", "role": "worker", "labels": map[string]any{"tier": "backend"}, "taints": []any{}},
	}, rec.All(workloads.Type)[0].Output("nodes"))
}
