package tests

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"

	"ecommerce-platform/cluster"
	"ecommerce-platform/infra/boundary"
	"ecommerce-platform/tests/pulumitest"
)

// clusterChanged lists the commands that another configuration would run again, or for the first time.
func clusterChanged(t *testing.T, change func(*cluster.Args)) []string {
	t.Helper()
	args := clusterArgs()
	change(args)
	before, after := clusterRun(t, clusterArgs()), clusterRun(t, args)
	var changed []string
	for _, r := range after.All(clusterCommand) {
		old := before.Find(clusterCommand, r.Name)
		if old == nil || old.Input("create") != r.Input("create") || old.Input("stdin") != r.Input("stdin") {
			changed = append(changed, r.Name)
		}
	}
	slices.Sort(changed)
	return changed
}

func TestClusterChanges(t *testing.T) {
	all := func(node string, rest ...string) []string {
		return append([]string{"shop-" + node + "-files"}, rest...)
	}

	t.Run("nothing runs again without a change", func(t *testing.T) {
		assert.Empty(t, clusterChanged(t, func(*cluster.Args) {}))
	})
	t.Run("one more worker runs that worker's steps only", func(t *testing.T) {
		assert.Equal(t, []string{
			"shop-control-plane-admit-worker-node-3", "shop-control-plane-member-worker-node-3", "shop-control-plane-vacate-worker-node-3",
			"shop-worker-node-3-certificates", "shop-worker-node-3-files", "shop-worker-node-3-join", "shop-worker-node-3-login-keys", "shop-worker-node-3-prepare", "shop-worker-node-3-request", "shop-worker-node-3-upgrade",
		}, clusterChanged(t, func(args *cluster.Args) {
			args.Nodes = append(args.Nodes, clusterNode("worker-node-3", boundary.Worker, "172.31.7.251"))
		}))
	})
	t.Run("labels are the patch's matter", func(t *testing.T) {
		assert.Empty(t, clusterChanged(t, func(args *cluster.Args) { args.Nodes[1].Labels["tier"] = "other" }))
	})
	t.Run("monitoring of one more node is one more step there", func(t *testing.T) {
		assert.Equal(t, all("worker-node-2", "shop-worker-node-2-monitoring"),
			clusterChanged(t, func(args *cluster.Args) { args.Nodes[2].Monitoring = true }))
	})
	t.Run("another image of the agent runs its step again", func(t *testing.T) {
		assert.Equal(t, all("worker-node-1", "shop-worker-node-1-monitoring"), clusterChanged(t, func(args *cluster.Args) {
			args.NodeExporterImage = "quay.io/prometheus/node-exporter:v1.10.0"
		}))
	})
	t.Run("another machine in a worker's place is bootstrapped from the start", func(t *testing.T) {
		assert.Equal(t, []string{"shop-worker-node-1-certificates", "shop-worker-node-1-files", "shop-worker-node-1-join", "shop-worker-node-1-login-keys", "shop-worker-node-1-monitoring", "shop-worker-node-1-prepare", "shop-worker-node-1-request", "shop-worker-node-1-upgrade"},
			slices.DeleteFunc(clusterChanged(t, func(args *cluster.Args) { args.Nodes[1].MachineID = pulumi.String("i-2") }), func(name string) bool {
				return name == "shop-control-plane-admit-worker-node-1" || name == "shop-control-plane-member-worker-node-1"
			}))
	})
	t.Run("another public address reaches the certificate and the kubeconfig", func(t *testing.T) {
		changed := clusterChanged(t, func(args *cluster.Args) { args.Nodes[0].Address = pulumi.String("203.0.113.200") })
		assert.Contains(t, changed, "shop-control-plane-init")
		assert.Contains(t, changed, "shop-control-plane-kubeconfig")
		assert.NotContains(t, changed, "shop-control-plane-prepare")
	})
	t.Run("the kubelet's settings reach every node", func(t *testing.T) {
		changed := clusterChanged(t, func(args *cluster.Args) { args.Kubelet = map[string]any{"maxPods": 60} })
		for _, name := range []string{"shop-control-plane-init", "shop-worker-node-1-join", "shop-worker-node-2-join"} {
			assert.Contains(t, changed, name)
		}
	})
	t.Run("a preview of an update knows the kubeconfig", func(t *testing.T) {
		rec := clusterRun(t, clusterArgs(), pulumitest.PreviewUpdate("shop-control-plane-ready.stdout", "shop-control-plane-ready.stderr"))
		assert.Equal(t, "kubeconfig with "+clusterAdminKey, rec.Export("kubeconfig"),
			"or the workloads' preview would be blind whenever a wait runs again")
	})
}
