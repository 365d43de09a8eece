package tests

import (
	"maps"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"

	"ecommerce-platform/cluster"
	"ecommerce-platform/tests/pulumitest"
)

// clusterOwningMachines is the cluster in the stack that holds its machines.
func clusterOwningMachines(kind string, stands bool) *cluster.Args {
	args := clusterArgs()
	args.Stands = stands
	for i := range args.Nodes {
		args.Nodes[i].MachineType, args.Nodes[i].VolumeGiB = kind, 20
		args.Nodes[i].Elastic = pulumi.String("203.0.113." + args.Nodes[i].Name)
	}
	return args
}

func TestClusterTurns(t *testing.T) {
	rec := clusterRun(t, clusterOwningMachines("t3.medium", true))
	step := func(name string) *pulumitest.Resource { return rec.Get(t, clusterCommand, "shop-"+name) }
	t.Run("the control plane comes first, then the workers, one at a time", func(t *testing.T) {
		for _, pair := range [][2]string{
			{"control-plane-clear-worker-node-1", "control-plane-member-control-plane"},
			{"control-plane-clear-worker-node-2", "control-plane-member-worker-node-1"},
			{"control-plane-clear-worker-node-2", "worker-node-1-upgrade"},
		} {
			assert.True(t, rec.WaitsFor(step(pair[0]), step(pair[1])), "%s must wait for %s", pair[0], pair[1])
		}
		assert.True(t, rec.WaitsFor(step("control-plane-clear-worker-node-2"), rec.Get(t, clusterPatch, "shop-worker-node-1-labels")),
			"without its labels a node takes none of the pods it is for")
	})
	t.Run("what moves pods off a machine waits for nothing of that machine", func(t *testing.T) {
		for _, node := range []string{"control-plane", "worker-node-1", "worker-node-2"} {
			assert.False(t, rec.WaitsFor(step("control-plane-clear-"+node), step(node+"-files")) && node != "control-plane", node)
			assert.False(t, rec.WaitsFor(step("control-plane-clear-control-plane"), step(node+"-files")), node)
		}
		clearing := step("control-plane-clear-control-plane")
		assert.NotContains(t, clearing.InputString("create"), "/opt/platform/bin", "an earlier version of this program has uploaded other scripts")
		assert.ElementsMatch(t, []string{"bin/clear.sh", "bin/lib.sh", "bin/evict.sh", "bin/turn.sh"}, slices.Collect(maps.Keys(clusterUpload(t, clearing))))
		assert.Equal(t, "203.0.113.control-plane", step("control-plane-clear-control-plane").Input("connection.host"))
	})
	t.Run("nothing of a new cluster waits for it", func(t *testing.T) {
		for _, node := range []string{"control-plane", "worker-node-1", "worker-node-2"} {
			assert.False(t, rec.WaitsFor(step("control-plane-ready"), step("control-plane-clear-"+node)), node)
		}
	})
	t.Run("on a new cluster there has to be a control plane first", func(t *testing.T) {
		rec := clusterRun(t, clusterOwningMachines("t3.medium", false))
		assert.True(t, rec.WaitsFor(rec.Get(t, clusterCommand, "shop-control-plane-clear-control-plane"),
			rec.Get(t, clusterCommand, "shop-control-plane-member-control-plane")))
	})
	t.Run("a larger disk is used at once, and nothing else runs", func(t *testing.T) {
		args := clusterOwningMachines("t3.medium", true)
		args.Nodes[1].VolumeGiB = 30
		larger := clusterRun(t, args)
		for _, r := range rec.All(clusterCommand) {
			now := larger.Get(t, clusterCommand, r.Name)
			assert.Equal(t, r.Name == "shop-worker-node-1-volume", now.InputString("create") != r.InputString("create"), r.Name)
		}
	})
	t.Run("another type runs what moves pods away and back, and nothing else", func(t *testing.T) {
		other := clusterRun(t, clusterOwningMachines("t3.large", true))
		var changed []string
		for _, r := range rec.All(clusterCommand) {
			if now := other.Get(t, clusterCommand, r.Name); now.InputString("create") != r.InputString("create") {
				changed = append(changed, r.Name)
			}
		}
		assert.ElementsMatch(t, []string{
			"shop-control-plane-clear-control-plane", "shop-control-plane-member-control-plane",
			"shop-control-plane-clear-worker-node-1", "shop-control-plane-member-worker-node-1",
			"shop-control-plane-clear-worker-node-2", "shop-control-plane-member-worker-node-2",
		}, changed)
	})
}
