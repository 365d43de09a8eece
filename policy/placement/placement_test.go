package placement_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/placement"
)

const (
	deployment = "kubernetes:apps/v1:Deployment"
	nodePatch  = "kubernetes:core/v1:NodePatch"
)

func simulate(t *testing.T, changes ...modeltest.Change) *placement.Simulation {
	t.Helper()
	s, err := placement.Simulate(t.Context(), modeltest.Dev(t, changes...))
	require.NoError(t, err)
	return s
}

// unbounded takes the program's own quota and defaults away, for a test that has others, or none, in view.
func unbounded(changes ...modeltest.Change) []modeltest.Change {
	return append([]modeltest.Change{modeltest.Remove(model.QuotaType, "shop-quota"), modeltest.Remove(model.LimitRangeType, "shop-defaults")}, changes...)
}

func tier(t *testing.T, s *placement.Simulation, name string) placement.TierPlacement {
	t.Helper()
	for _, p := range s.TierPlacements() {
		if p.Tier == name {
			return p
		}
	}
	require.Failf(t, "tier", "%s is missing", name)
	return placement.TierPlacement{}
}

func TestDevStack(t *testing.T) {
	s := simulate(t)
	assert.Equal(t, map[string]int{"worker-node-1": 4}, tier(t, s, "frontend").PerNode)
	assert.Equal(t, map[string]int{"worker-node-2": 3}, tier(t, s, "backend").PerNode)
	assert.Equal(t, map[string]int{"worker-node-2": 1}, tier(t, s, "postgres").PerNode)
	assert.Equal(t, map[string]int{"worker-node-1": 1, "worker-node-2": 1}, tier(t, s, "redis").PerNode)
	assert.Equal(t, []string{"node storage In [ssd] (weight 100): no node that may run backend has it"},
		tier(t, s, "backend").Preferences)
	assert.Empty(t, s.SystemPending())
	assert.Empty(t, modeltest.Gaps(s.Stack))
	// 250m for calico-node, 50m for the exporter, 100m for a CoreDNS pod, 4 x 100m, 250m for redis.
	assert.Equal(t, placement.NodeUse{
		Node: "worker-node-1", Role: "worker", Pods: 9, CPU: 1050, AllocatableCPU: 2000, Memory: 64 + 70 + 4*128 + 256, AllocatableMemory: 3688,
	}, s.NodeUses()[1])
	// kubeadm's 650m and calico-node's 250m.
	assert.Equal(t, placement.NodeUse{
		Node: "control-plane", Role: "control-plane", Pods: 7, CPU: 900, AllocatableCPU: 2000, Memory: 100, AllocatableMemory: 3688,
	}, s.NodeUses()[0])
}

// dns counts the pods of the cluster's DNS on each node.
func dns(s *placement.Simulation) map[string]int {
	perNode := map[string]int{}
	for _, outcome := range s.Outcomes {
		if outcome.Pod.Labels["k8s-app"] == "kube-dns" {
			perNode[outcome.Node]++
		}
	}
	return perNode
}

func TestNamesResolveWithoutTheControlPlane(t *testing.T) {
	assert.Equal(t, map[string]int{"worker-node-1": 1, "worker-node-2": 1}, dns(simulate(t)))
	t.Run("on the workers that join first", func(t *testing.T) {
		places := map[int]bool{}
		for number := range 16 {
			s, err := placement.SimulateIn(t.Context(), modeltest.Dev(t,
				modeltest.Copy(model.InstanceType, "worker-node-2", "worker-node-3"), modeltest.Set(model.InstanceType, "worker-node-3", "privateIp", "172.31.9.9"),
			), placement.NewCourse(number))
			require.NoError(t, err)
			require.NotNil(t, s.Stack.Node("worker-node-3"))
			places[dns(s)["worker-node-3"]] = true
		}
		assert.Equal(t, map[int]bool{0: true, 1: true}, places)
	})
	t.Run("with one worker a pod stays behind", func(t *testing.T) {
		stack := modeltest.Dev(t)
		stack.Nodes = slices.DeleteFunc(stack.Nodes, func(node *model.Node) bool { return node.Name == "worker-node-2" })
		s, err := placement.Simulate(t.Context(), stack)
		require.NoError(t, err)
		assert.Equal(t, map[string]int{"worker-node-1": 1, "control-plane": 1}, dns(s))
	})
}

func TestPendingPods(t *testing.T) {
	for name, c := range map[string]struct {
		change modeltest.Change
		tier   string
		pods   int
		reason string
	}{
		"a third cache has no node of its own": {
			modeltest.Set(deployment, "shop-redis", "spec.replicas", 3.0), "redis", 1,
			"0/3 nodes are available: 1 node(s) had untolerated taint(s), " +
				"2 node(s) didn't match pod anti-affinity rules.",
		},
		"a selector that no node has": {
			modeltest.Set(deployment, "shop-frontend", "spec.template.spec.nodeSelector.tier", "web"), "frontend", 4,
			"0/3 nodes are available: 1 node(s) had untolerated taint(s), " +
				"2 node(s) didn't match Pod's node affinity/selector.",
		},
		"a scratch that the node's disk does not have": {
			modeltest.Set(deployment, "shop-redis", `spec.template.spec.containers[0].resources.requests["ephemeral-storage"]`, "900Gi"),
			"redis", 2, "2 Insufficient ephemeral-storage",
		},
		"a database that asks for more than the node has left": {
			modeltest.Set(deployment, "shop-postgres", "spec.template.spec.containers[0].resources", map[string]any{
				"requests": map[string]any{"memory": "4Gi"},
			}),
			"postgres", 1, "Insufficient memory",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := tier(t, simulate(t, unbounded(c.change)...), c.tier)
			assert.Equal(t, c.pods, p.Pending)
			require.Len(t, p.Reasons, 1)
			assert.Contains(t, p.Reasons[0], c.reason)
		})
	}
}

// The scheduler tries a pod again when another one has found a node.
func TestAPodThatWantsToBeNearALaterOne(t *testing.T) {
	s := simulate(t, modeltest.Set(deployment, "shop-backend", "spec.template.spec.affinity", map[string]any{
		"podAffinity": map[string]any{"requiredDuringSchedulingIgnoredDuringExecution": []any{map[string]any{
			"topologyKey": "kubernetes.io/os", "labelSelector": map[string]any{"matchLabels": map[string]any{"app.kubernetes.io/name": "frontend"}},
		}}},
	}))
	backend := tier(t, s, "backend")
	assert.Equal(t, map[string]int{"worker-node-2": 3}, backend.PerNode, backend.Reasons)
}

// The scheduler's caches of volumes fill in the background; an answer must never come before they have.
func TestClaimsAreBoundEveryTime(t *testing.T) {
	for range 10 {
		assert.Equal(t, map[string]int{"worker-node-2": 1}, tier(t, simulate(t), "postgres").PerNode)
	}
}

func TestAScratchThatFits(t *testing.T) {
	s := simulate(t, modeltest.Set(deployment, "shop-redis", `spec.template.spec.containers[0].resources.requests["ephemeral-storage"]`, "1Gi"))
	assert.Zero(t, tier(t, s, "redis").Pending)
}

func TestAVolumeOnANodeThatTheTierMayNotUse(t *testing.T) {
	s := simulate(t, modeltest.Set("kubernetes:core/v1:PersistentVolume", "shop-postgres",
		"spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values[0]", "worker-node-1"))
	p := tier(t, s, "postgres")
	assert.Equal(t, 1, p.Pending)
	require.Len(t, p.Reasons, 1)
	assert.Contains(t, p.Reasons[0], "0/3 nodes are available")
}

func TestTaintsOnWorkers(t *testing.T) {
	taints := func(value string) []any {
		return []any{map[string]any{"key": "tier", "value": value, "effect": "NoSchedule"}}
	}
	tainted := []modeltest.Change{
		modeltest.Set(nodePatch, "platform-worker-node-1-labels", "spec.taints", taints("frontend")),
		modeltest.Set(nodePatch, "platform-worker-node-2-labels", "spec.taints", taints("backend")),
	}
	t.Run("the cluster's DNS takes both all the same", func(t *testing.T) {
		assert.Equal(t, map[string]int{"worker-node-1": 1, "worker-node-2": 1}, dns(simulate(t, tainted...)))
	})
	t.Run("each tier tolerates its own", func(t *testing.T) {
		for _, p := range simulate(t, tainted...).TierPlacements() {
			assert.Zero(t, p.Pending, "%s: %v", p.Tier, p.Reasons)
		}
	})
	t.Run("without a toleration nothing lands", func(t *testing.T) {
		p := tier(t, simulate(t, append(tainted, modeltest.Unset(deployment, "shop-redis", "spec.template.spec.tolerations"))...), "redis")
		assert.Equal(t, 2, p.Pending)
		assert.Contains(t, p.Reasons[0], "3 node(s) had untolerated taint(s)")
	})
}

func TestUnknownsAreNotEvaluated(t *testing.T) {
	t.Run("replicas", func(t *testing.T) {
		s := simulate(t, modeltest.Unknown(deployment, "shop-redis", "spec.replicas"))
		assert.Equal(t, []string{deployment + " shop-redis spec.replicas"}, modeltest.Gaps(s.Stack))
		assert.Len(t, s.TierPlacements(), 3)
	})
	t.Run("an environment variable does not matter to a scheduler", func(t *testing.T) {
		s := simulate(t, modeltest.Unknown(deployment, "shop-backend", "spec.template.spec.containers[0].image"))
		assert.Empty(t, modeltest.Gaps(s.Stack))
		assert.Len(t, s.TierPlacements(), 4)
	})
	t.Run("a machine of another stack has room for everything, and the report says so", func(t *testing.T) {
		s := simulate(t, modeltest.Remove("aws:ec2/instance:Instance", "worker-node-2"))
		assert.Equal(t, []string{"capacity of node worker-node-2: its machine is in another stack"}, modeltest.Gaps(s.Stack))
		assert.Zero(t, s.NodeUses()[2].AllocatableCPU)
		assert.Equal(t, map[string]int{"worker-node-2": 3}, tier(t, s, "backend").PerNode)
	})
}

func TestASnapshotComesBackWhole(t *testing.T) {
	s := simulate(t)
	before := s.NodeUses()
	_, err := s.Cluster.RemoveNode("worker-node-2")
	require.NoError(t, err)
	assert.Len(t, s.Cluster.Nodes(), 2)
	require.NoError(t, s.Cluster.Restore(s.Settled))
	assert.Len(t, s.Cluster.Nodes(), 3)
	assert.Equal(t, before, s.NodeUses())
	assert.Len(t, s.Cluster.On("worker-node-2"), 8)
}
