package tests

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"

	"ecommerce-platform/tests/pulumitest"
)

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

// TestClusterStepsReplacedByHand is about `pulumi up --replace`.
func TestClusterStepsReplacedByHand(t *testing.T) {
	undone := 0
	for _, r := range clusterRun(t, clusterBackedUp()).All(clusterCommand) {
		if r.Has("delete") {
			undone++
			assert.True(t, r.DeleteBeforeReplace, "the step of before takes back what %s does", r.Name)
		}
	}
	assert.Greater(t, undone, 5)
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
