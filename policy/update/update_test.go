package update_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/policy/model"
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
func worker(like, address string) []modeltest.Change {
	const name = "worker-node-3"
	return []modeltest.Change{
		modeltest.Copy(instance, like, name),
		modeltest.Set(instance, name, "privateIp", address),
		modeltest.Copy(nodePatch, "platform-"+like+"-labels", "platform-"+name+"-labels"),
		modeltest.Set(nodePatch, "platform-"+name+"-labels", "metadata.name", name),
	}
}

func set(tier, path string, value any) modeltest.Change {
	return modeltest.Set(deployment, "shop-"+tier, path, value)
}

func strategy(tier string, surge, unavailable float64) modeltest.Change {
	return set(tier, "spec.strategy", map[string]any{
		"type": "RollingUpdate", "rollingUpdate": map[string]any{"maxSurge": surge, "maxUnavailable": unavailable},
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
	more := worker("worker-node-1", "172.31.9.9")
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
	careful := strategy("backend", 1, 0)
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

func TestOtherScalesEndTheRightPods(t *testing.T) {
	runs := append(worker("worker-node-1", "172.31.9.9"), set("frontend", "spec.replicas", 4.0))
	after, done := changed(t, runs, []modeltest.Change{set("frontend", "spec.replicas", 2.0)})
	assert.Equal(t, map[string]int{"worker-node-1": 1, "worker-node-3": 1}, perNode(t, after, "frontend").PerNode)
	assert.Empty(t, done.Rollouts)
}

func TestAWorkerThatLeavesIsDrained(t *testing.T) {
	runs := worker("worker-node-2", "172.31.9.9")
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

func TestMachinesChangeOneAtATime(t *testing.T) {
	var larger []modeltest.Change
	for _, node := range []string{"control-plane", "worker-node-1", "worker-node-2"} {
		larger = append(larger, modeltest.Set(instance, node, "instanceType", "t3.large"))
	}
	after, done := changed(t, nil, larger)
	var order []string
	for _, node := range done.Nodes {
		assert.Equal(t, update.Changed, node.What)
		order = append(order, node.Node)
	}
	assert.Equal(t, []string{"control-plane", "worker-node-1", "worker-node-2"}, order)
	assert.Equal(t, 4, done.Nodes[1].Pending["frontend"], "they wait for their only node")
	times := times(t)
	away := times.Evict.Seconds + times.MachineRestart.Seconds + times.PodReady.Seconds
	assert.Equal(t, []update.Outage{
		{Tier: "frontend", While: "worker-node-1 is drained, stopped and changed", Until: "the node is back", Seconds: away},
		{Tier: "backend", While: "worker-node-2 is drained, stopped and changed", Until: "the node is back", Seconds: away},
		{Tier: "postgres", While: "worker-node-2 is drained, stopped and changed", Until: "the node is back", Seconds: away},
	}, done.Outages)
	assert.Equal(t, []update.Outage{
		{While: "control-plane is drained, stopped and changed", Until: "the machine is back", Seconds: times.MachineRestart.Seconds},
	}, done.API)
	assert.Equal(t, 3*(times.Evict.Seconds+times.MachineRestart.Seconds), done.Seconds)
	assert.Equal(t, 3, done.Nodes[2].Pending["backend"])
	assert.Equal(t, 1, done.Nodes[2].Pending["postgres"])
	for _, p := range after.TierPlacements() {
		assert.Zero(t, p.Pending, "%s: %v", p.Tier, p.Reasons)
	}
	assert.Equal(t, int64(7477), after.NodeUses()[1].AllocatableMemory)
	assert.Empty(t, after.SystemPending())
}

func times(t *testing.T) *update.Times {
	t.Helper()
	times, err := update.ReadTimes()
	require.NoError(t, err)
	return times
}

// fact is a value that the cluster tells of itself.
func fact(name string, value any) modeltest.Change {
	return modeltest.Set(model.ClusterType, "platform", name, value)
}

// oldest is a version of Kubernetes that is not that of a new cluster.
func oldest() string {
	minors := versions.All.Kubernetes.Minors()
	return versions.All.Kubernetes.Of(slices.Min(minors)).Version
}

// facts are those of a state of this version of the program.
func facts() []modeltest.Change {
	return []modeltest.Change{
		fact("kubernetesVersion", oldest()), fact("containerdVersion", versions.All.Containerd.Before), fact("certificateRenewal", ""), fact("osUpdate", ""),
	}
}

func TestUpgradesEmptyEachWorker(t *testing.T) {
	for name, c := range map[string]struct {
		change  modeltest.Change
		without int // seconds without an API server
	}{
		"Kubernetes":            {fact("kubernetesVersion", versions.All.Kubernetes.New().Version), times(t).APIUpgrade.Seconds},
		"the container runtime": {fact("containerdVersion", versions.All.Containerd.Version), 0},
	} {
		t.Run(name, func(t *testing.T) {
			_, done := changed(t, facts(), []modeltest.Change{c.change})
			require.Len(t, done.Nodes, 3)
			assert.Equal(t, update.UpgradedInPlace, done.Nodes[0].What)
			for i, node := range []string{"control-plane", "worker-node-1", "worker-node-2"} {
				assert.Equal(t, node, done.Nodes[i].Node)
				assert.Zero(t, done.Nodes[i].Silent, "machines run on")
				assert.Equal(t, i > 0, done.Nodes[i].What == update.Upgraded)
			}
			seconds := 0
			for _, away := range done.API {
				seconds += away.Seconds
			}
			assert.Equal(t, c.without, seconds)
		})
	}
}

func TestSystemsAreUpdatedInTurn(t *testing.T) {
	_, done := changed(t, facts(), []modeltest.Change{fact("osUpdate", "2026-11")})
	var order []string
	for _, node := range done.Nodes {
		assert.Equal(t, update.Updated, node.What)
		assert.Equal(t, times(t).MachineRestart.Seconds, node.Silent)
		order = append(order, node.Node)
	}
	assert.Equal(t, []string{"worker-node-1", "worker-node-2", "control-plane"}, order)
	require.Len(t, done.API, 1)
	t.Run("another machine is updated as well", func(t *testing.T) {
		_, done := changed(t, append(facts(), fact("osUpdate", "2026-11")), []modeltest.Change{modeltest.Set(instance, "worker-node-1", "privateIp", "172.31.9.9")})
		require.Len(t, done.Nodes, 2)
		assert.Equal(t, update.Replaced, done.Nodes[0].What)
		assert.Equal(t, update.Updated, done.Nodes[1].What)
		assert.Equal(t, "worker-node-1", done.Nodes[1].Node)
	})
	t.Run("a text that is taken away does nothing", func(t *testing.T) {
		_, done := changed(t, append(facts(), fact("osUpdate", "2026-11")), []modeltest.Change{fact("osUpdate", "")})
		assert.Empty(t, done.Nodes)
	})
}

func TestRenewedCertificates(t *testing.T) {
	_, done := changed(t, facts(), []modeltest.Change{fact("certificateRenewal", "2026-11-30")})
	assert.Empty(t, done.Nodes)
	assert.Equal(t, []update.Outage{{While: "certificates are renewed", Until: "it has started again", Seconds: times(t).APIRestart.Seconds}}, done.API)
}

func TestOtherArgumentsRestartTheAPIServer(t *testing.T) {
	arguments := func(days string) modeltest.Change { return fact("apiServer", map[string]any{"audit-log-maxage": days}) }
	restarts := []update.Outage{{While: "the API server gets other arguments", Until: "it has started again", Seconds: times(t).APIRestart.Seconds}}
	for name, c := range map[string]struct {
		before []modeltest.Change
		want   []update.Outage
	}{
		"others":                        {append(facts(), arguments("30")), restarts},
		"the same":                      {append(facts(), arguments("7")), nil},
		"a program that published none": {facts(), restarts},
		"a stack that had no cluster":   {[]modeltest.Change{fact("kubernetesVersion", "")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, done := changed(t, c.before, []modeltest.Change{arguments("7")})
			assert.Equal(t, c.want, done.API)
			assert.Empty(t, done.Nodes)
		})
	}
}

// A state of an earlier version of the program does not tell what ran.
func TestAnOlderStateIsNotGuessed(t *testing.T) {
	older := append(facts(), fact("containerdVersion", ""))
	before, err := placement.Simulate(t.Context(), modeltest.Dev(t, older...))
	require.NoError(t, err)
	stack := modeltest.Dev(t, append(facts(), fact("osUpdate", "2026-11"), fact("certificateRenewal", "2026-11-30"))...)
	_, done, err := update.Simulate(t.Context(), before, stack)
	require.NoError(t, err)
	assert.Empty(t, done.API)
	assert.Contains(t, modeltest.Gaps(stack), "upgrades and updates of nodes: the state is of an earlier version of this program, which does not tell what they run")
}

func TestTimesOfAnotherEnvironment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "times.json")
	t.Setenv(update.TimesFile, path)
	write := func(text string) { require.NoError(t, os.WriteFile(path, []byte(text), 0o600)) }
	write(`{"machineRestart": {"seconds": 11, "source": "here"}}`)
	assert.Equal(t, 11, times(t).MachineRestart.Seconds)
	assert.NotZero(t, times(t).PodReady.Seconds, "the others stay")
	for _, bad := range []string{`{"machineRestart": {"seconds": -1, "source": "here"}}`, `{"reboot": {"seconds": 1, "source": "here"}}`, "no object"} {
		write(bad)
		_, err := update.ReadTimes()
		require.ErrorContains(t, err, update.TimesFile, bad)
	}
}

func TestATaintThatDrivesPodsOff(t *testing.T) {
	after, _ := changed(t, nil, []modeltest.Change{modeltest.Set(nodePatch, "platform-worker-node-1-labels", "spec.taints",
		[]any{map[string]any{"key": "out", "value": "yes", "effect": "NoExecute"}})})
	assert.Equal(t, 4, perNode(t, after, "frontend").Pending)
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
		single := append(worker("worker-node-2", "172.31.9.9"), set("backend", "spec.replicas", 1.0))
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
		two := append(worker("worker-node-1", "172.31.9.9"), modeltest.Set(budget, "shop-frontend", "spec.maxUnavailable", 1.0))
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

// `kubectl drain --force` ends a pod that nothing makes again.
func TestAPodWithoutAControllerDoesNotComeBack(t *testing.T) {
	const pod = "kubernetes:core/v1:Pod"
	single := modeltest.Edit(deployment, "shop-redis", func(r *policyx.AnalyzerResource) {
		template := r.Properties.Get("spec").AsMap().Get("template").AsMap()
		r.Type = pod
		r.Properties = property.NewMap(map[string]property.Value{"metadata": r.Properties.Get("metadata"), "spec": template.Get("spec")})
	})
	runs := append(worker("worker-node-2", "172.31.9.9"), single, modeltest.Remove(budget, "shop-redis"),
		modeltest.Set(pod, "shop-redis", "spec.nodeSelector", map[string]any{"kubernetes.io/hostname": "worker-node-2"}))
	larger := modeltest.Set(instance, "worker-node-2", "instanceType", "t3.large")
	after, done := changed(t, runs, []modeltest.Change{larger})
	require.Len(t, done.Nodes, 1)
	require.Len(t, done.Nodes[0].Ended, 1)
	assert.Equal(t, "ecommerce/redis", done.Nodes[0].Ended[0].Pod)
	assert.Contains(t, done.Nodes[0].Ended[0].URN, "shop-redis")
	for _, other := range after.Cluster.Pods() {
		assert.NotEqual(t, "redis", other.Name)
	}
	t.Run("unless Pulumi replaces it anyway", func(t *testing.T) {
		after, done := changed(t, runs, []modeltest.Change{larger, modeltest.Set(pod, "shop-redis", "spec.containers[0].image", "redis:8")})
		assert.Empty(t, done.Nodes[0].Ended[0].URN)
		names := map[string]string{}
		for _, other := range after.Cluster.Pods() {
			names[other.Name] = other.Spec.NodeName
		}
		assert.Equal(t, "worker-node-2", names["redis"])
	})
}

func TestADeploymentThatGoes(t *testing.T) {
	after, done := changed(t, nil, []modeltest.Change{modeltest.Remove(deployment, "shop-redis")})
	assert.Empty(t, done.Rollouts)
	for _, pod := range after.Cluster.Pods() {
		assert.NotContains(t, pod.Name, "redis")
	}
}
