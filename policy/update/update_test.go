package update_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/nodeloss"
	"ecommerce-platform/policy/placement"
	"ecommerce-platform/policy/rollout"
	"ecommerce-platform/policy/update"
)

const (
	deployment = "kubernetes:apps/v1:Deployment"
	budget     = "kubernetes:policy/v1:PodDisruptionBudget"
	instance   = "aws:ec2/instance:Instance"
	nodePatch  = "kubernetes:core/v1:NodePatch"
	request    = "spec.template.spec.containers[0].resources.requests.cpu"
)

// changed is the dev stack with these differences, updated to the one with those besides.
func changed(t *testing.T, runs, changes []modeltest.Change) (*placement.Simulation, *update.Update) {
	t.Helper()
	before, err := placement.Simulate(t.Context(), modeltest.Dev(t, runs...))
	require.NoError(t, err)
	after, done, err := update.Simulate(t.Context(), before, modeltest.Dev(t, append(append([]modeltest.Change{}, runs...), changes...)...))
	require.NoError(t, err)
	require.NotNil(t, after)
	return after, done
}

func perNode(t *testing.T, s *placement.Simulation, tier string) placement.TierPlacement {
	t.Helper()
	for _, p := range s.TierPlacements() {
		if p.Tier == tier {
			return p
		}
	}
	require.Failf(t, "tier", "%s is missing", tier)
	return placement.TierPlacement{}
}

// worker adds worker-node-3, a node like another one.
func worker(like string) []modeltest.Change {
	const name = "worker-node-3"
	return []modeltest.Change{
		modeltest.Copy(instance, like, name),
		modeltest.Set(instance, name, "privateIp", "172.31.9.9"),
		modeltest.Copy(nodePatch, "platform-"+like+"-labels", "platform-"+name+"-labels"),
		modeltest.Set(nodePatch, "platform-"+name+"-labels", "metadata.name", name),
	}
}

func set(tier, path string, value any) modeltest.Change {
	return modeltest.Set(deployment, "shop-"+tier, path, value)
}

// surging has a tier make a new pod before it ends an old one.
func surging(tier string) modeltest.Change {
	return set(tier, "spec.strategy", map[string]any{
		"type": "RollingUpdate", "rollingUpdate": map[string]any{"maxSurge": 1.0, "maxUnavailable": 0.0},
	})
}

func TestNothingChanges(t *testing.T) {
	after, done := changed(t, nil, nil)
	before, err := placement.Simulate(t.Context(), modeltest.Dev(t))
	require.NoError(t, err)
	assert.Equal(t, before.TierPlacements(), after.TierPlacements())
	assert.Equal(t, before.NodeUses(), after.NodeUses())
	assert.Empty(t, done.Rollouts)
	assert.Empty(t, done.Nodes)
	assert.Empty(t, after.SystemPending())
}

func TestANewWorkerIsEmpty(t *testing.T) {
	more := worker("worker-node-1")
	after, done := changed(t, nil, more)
	assert.Equal(t, map[string]int{"worker-node-1": 4}, perNode(t, after, "frontend").PerNode)
	assert.Equal(t, []update.NodeChange{{Node: "worker-node-3", What: update.Joins, Seconds: times(t).NewMachine.Seconds}}, done.Nodes)
	losses, err := nodeloss.Analyze(after)
	require.NoError(t, err)
	for _, loss := range losses {
		if loss.Node != "worker-node-1" {
			continue
		}
		for _, tier := range loss.Tiers {
			if tier.Tier == "frontend" {
				assert.Zero(t, tier.StaysUp, "until they have moved nobody gets the page")
				assert.Equal(t, map[string]int{"worker-node-3": 4}, tier.To)
			}
		}
	}
	t.Run("and takes what is asked for besides", func(t *testing.T) {
		after, done := changed(t, nil, append(more, set("frontend", "spec.replicas", 6.0)))
		assert.Equal(t, map[string]int{"worker-node-1": 4, "worker-node-3": 2}, perNode(t, after, "frontend").PerNode)
		assert.Empty(t, done.Rollouts)
	})
	t.Run("until a rollout spreads the pods", func(t *testing.T) {
		after, done := changed(t, nil, append(more, set("frontend", "spec.template.spec.containers[0].image", "nginx:1.29")))
		frontend := perNode(t, after, "frontend").PerNode
		assert.NotZero(t, frontend["worker-node-3"])
		assert.Equal(t, 4, frontend["worker-node-1"]+frontend["worker-node-3"])
		require.Len(t, done.Rollouts, 1)
		assert.True(t, done.Rollouts[0].Completes)
	})
}

// A rollout goes from the template that runs to the declared one.
func TestRollouts(t *testing.T) {
	careful := surging("backend")
	for name, c := range map[string]struct {
		runs, changes []modeltest.Change
		completes     bool
		lowest        int
		stuck         string
	}{
		// 3 x 275m beside 1100m of others leave 75m of the node's 2000m.
		"a request that halves, on a node that the old ones fill": {
			[]modeltest.Change{careful, set("backend", request, "275m")}, []modeltest.Change{set("backend", request, "150m")}, false, 3, "Insufficient cpu",
		},
		"a request that doubles where the last pod still fits beside an old one": {
			[]modeltest.Change{careful, set("backend", request, "100m")}, []modeltest.Change{set("backend", request, "250m")}, true, 3, "",
		},
		"a request that no node has room for in the end": {
			nil, []modeltest.Change{set("backend", request, "400m")}, false, 2, "Insufficient cpu",
		},
		"another image": {
			nil, []modeltest.Change{set("backend", "spec.template.spec.containers[0].image", "shop:2")}, true, 2, "",
		},
		"more pods of another image": {
			nil, []modeltest.Change{
				set("backend", "spec.template.spec.containers[0].image", "shop:2"), set("backend", "spec.replicas", 4.0),
				set("backend", request, "150m"),
			}, true, 3, "",
		},
		"more pods, which are not ready at first": {
			[]modeltest.Change{careful, set("backend", request, "100m")}, []modeltest.Change{
				set("backend", "spec.template.spec.containers[0].image", "shop:2"), set("backend", "spec.replicas", 4.0),
			}, true, 3, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			after, done := changed(t, c.runs, c.changes)
			require.Len(t, done.Rollouts, 1)
			r := done.Rollouts[0]
			assert.True(t, r.Now)
			assert.Equal(t, c.completes, r.Completes, r.Stuck)
			assert.Equal(t, c.lowest, r.Lowest)
			assert.Equal(t, !c.completes, perNode(t, after, "backend").Pending > 0)
			if c.stuck == "" {
				assert.Empty(t, r.Stuck)
			} else {
				assert.Contains(t, r.Stuck, c.stuck)
			}
			all, err := rollout.Analyze(after, done.Rollouts...)
			require.NoError(t, err)
			assert.Len(t, all, 4, "the others are replayed as ever")
			for _, other := range all {
				assert.Equal(t, other.Tier == "backend", other.Now, other.Tier)
			}
		})
	}
}

// A cache that grows fits beside the backends that run, not beside those that come as well: it depends on which is done first.
func TestOneObjectMayBeDoneBeforeAnotherBegins(t *testing.T) {
	completes := map[bool]bool{}
	for number := range 32 {
		runs := []modeltest.Change{set("backend", request, "100m"), set("redis", request, "100m")}
		before, err := placement.SimulateIn(t.Context(), modeltest.Dev(t, runs...), placement.NewCourse(number))
		require.NoError(t, err)
		_, done, err := update.Simulate(t.Context(), before, modeltest.Dev(t, append(runs, set("backend", "spec.replicas", 6.0), set("redis", request, "600m"))...))
		require.NoError(t, err)
		require.Len(t, done.Rollouts, 1)
		completes[number >= 16] = completes[number >= 16] || done.Rollouts[0].Completes
	}
	assert.Equal(t, map[bool]bool{false: false, true: true}, completes)
}

func TestOtherScalesEndTheRightPods(t *testing.T) {
	runs := append(worker("worker-node-1"), set("frontend", "spec.replicas", 4.0))
	after, done := changed(t, runs, []modeltest.Change{set("frontend", "spec.replicas", 2.0)})
	assert.Equal(t, map[string]int{"worker-node-1": 1, "worker-node-3": 1}, perNode(t, after, "frontend").PerNode)
	assert.Empty(t, done.Rollouts)
}

func TestAWorkerThatLeavesIsDrained(t *testing.T) {
	runs := worker("worker-node-2")
	before, err := placement.Simulate(t.Context(), modeltest.Dev(t, runs...))
	require.NoError(t, err)
	there := perNode(t, before, "backend").PerNode["worker-node-3"]
	require.NotZero(t, there)
	after, done, err := update.Simulate(t.Context(), before, modeltest.Dev(t))
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"worker-node-2": 3}, perNode(t, after, "backend").PerNode)
	require.Len(t, done.Nodes, 1)
	assert.Equal(t, "worker-node-3", done.Nodes[0].Node)
	assert.Equal(t, update.Leaves, done.Nodes[0].What)
	assert.Equal(t, there, done.Nodes[0].Moves["backend"])
	assert.Empty(t, done.Nodes[0].Blocked)

	t.Run("and a budget that lets nothing go is named", func(t *testing.T) {
		never := []modeltest.Change{modeltest.Set(budget, "shop-backend", "spec.maxUnavailable", 0.0)}
		before, err := placement.Simulate(t.Context(), modeltest.Dev(t, append(never, runs...)...))
		require.NoError(t, err)
		_, done, err := update.Simulate(t.Context(), before, modeltest.Dev(t, never...))
		require.NoError(t, err)
		require.Len(t, done.Nodes, 1)
		require.NotEmpty(t, done.Nodes[0].Blocked)
		assert.Equal(t, "backend", done.Nodes[0].Blocked[0].Budget)
	})
}

func TestATaintThatDrivesPodsOff(t *testing.T) {
	after, _ := changed(t, nil, []modeltest.Change{modeltest.Set(nodePatch, "platform-worker-node-1-labels", "spec.taints",
		[]any{map[string]any{"key": "out", "value": "yes", "effect": "NoExecute"}})})
	assert.Equal(t, 4, perNode(t, after, "frontend").Pending)
	t.Run("while they roll, which leaves fewer of them", func(t *testing.T) {
		before, err := placement.Simulate(t.Context(), modeltest.Dev(t, worker("worker-node-2")...))
		require.NoError(t, err)
		node := "worker-node-2"
		if perNode(t, before, "redis").PerNode[node] == 0 {
			node = "worker-node-3"
		}
		_, done := changed(t, worker("worker-node-2"), []modeltest.Change{
			modeltest.Set(nodePatch, "platform-"+node+"-labels", "spec.taints", []any{map[string]any{"key": "out", "value": "yes", "effect": "NoExecute"}}),
			set("redis", "spec.template.spec.containers[0].image", "redis:8"), surging("redis"),
		})
		require.Len(t, done.Rollouts, 1)
		assert.Equal(t, 1, done.Rollouts[0].Lowest, done.Rollouts[0].Stuck)
	})
	t.Run("and one that does not", func(t *testing.T) {
		after, _ := changed(t, nil, []modeltest.Change{modeltest.Set(nodePatch, "platform-worker-node-1-labels", "spec.taints",
			[]any{map[string]any{"key": "out", "value": "yes", "effect": "NoSchedule"}})})
		assert.Zero(t, perNode(t, after, "frontend").Pending, "they run, and stay")
	})
}

func TestWhoIsDown(t *testing.T) {
	t.Run("the database while its image changes", func(t *testing.T) {
		_, done := changed(t, nil, []modeltest.Change{set("postgres", "spec.template.spec.containers[0].image", "postgres:16.9")})
		assert.Equal(t, []update.Outage{{
			Tier: "postgres", While: "it rolls (Recreate)", Until: "the new pod is ready", Seconds: times(t).Evict.Seconds + times(t).PodReady.Seconds,
		}}, done.Outages)
	})
	t.Run("the one pod of a tier that moves", func(t *testing.T) {
		single := append(worker("worker-node-2"), set("backend", "spec.replicas", 1.0))
		_, done := changed(t, single, []modeltest.Change{
			modeltest.Set(instance, "worker-node-2", "instanceType", "t3.large"), modeltest.Set(instance, "worker-node-3", "instanceType", "t3.large"),
		})
		var backend []update.Outage
		for _, outage := range done.Outages {
			if outage.Tier == "backend" {
				backend = append(backend, outage)
			}
		}
		require.NotEmpty(t, backend)
		assert.Equal(t, "its pods have started elsewhere", backend[0].Until)
	})
	t.Run("nobody where a budget takes one pod after the other", func(t *testing.T) {
		two := append(worker("worker-node-1"), modeltest.Set(budget, "shop-frontend", "spec.maxUnavailable", 1.0))
		_, done := changed(t, two, []modeltest.Change{modeltest.Set(instance, "worker-node-1", "instanceType", "t3.large")})
		for _, outage := range done.Outages {
			assert.NotEqual(t, "frontend", outage.Tier)
		}
	})
}

// Pulumi takes away what goes once everything else is ready.
func TestWhatComesDoesNotWaitForWhatGoes(t *testing.T) {
	backend := []modeltest.Change{modeltest.Copy(deployment, "shop-backend", "shop-next"), set("next", "metadata.name", "next"), modeltest.Remove(deployment, "shop-backend")}
	for name, c := range map[string]struct {
		cpu   string
		waits int
	}{"beside each other": {"50m", 0}, "one in the other's place": {"250m", 1}} {
		t.Run(name, func(t *testing.T) {
			after, done := changed(t, []modeltest.Change{set("backend", request, "250m")}, append(backend, set("next", request, c.cpu)))
			assert.Zero(t, perNode(t, after, "next").Pending, "in the end there is room")
			require.Len(t, done.Waits, c.waits)
			for _, wait := range done.Waits {
				assert.Equal(t, "next", wait.Tier)
				assert.Contains(t, wait.Reason, "Insufficient cpu")
			}
		})
	}
}

func TestADeploymentThatGoes(t *testing.T) {
	after, done := changed(t, nil, []modeltest.Change{modeltest.Remove(deployment, "shop-redis")})
	assert.Empty(t, done.Rollouts)
	for _, pod := range after.Cluster.Pods() {
		assert.NotContains(t, pod.Name, "redis")
	}
}
