package rollout_test

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/placement"
	"ecommerce-platform/policy/rollout"
)

const (
	deployment = "kubernetes:apps/v1:Deployment"
	budget     = "kubernetes:policy/v1:PodDisruptionBudget"
)

func simulate(t *testing.T, changes ...modeltest.Change) *placement.Simulation {
	t.Helper()
	s, err := placement.Simulate(t.Context(), modeltest.Dev(t, changes...))
	require.NoError(t, err)
	return s
}

func of(t *testing.T, tier string, changes ...modeltest.Change) rollout.Rollout {
	t.Helper()
	rollouts, err := rollout.Analyze(simulate(t, changes...))
	require.NoError(t, err)
	for _, r := range rollouts {
		if r.Tier == tier {
			return r
		}
	}
	require.Failf(t, "rollout", "%s is missing", tier)
	return rollout.Rollout{}
}

func strategy(name string, surge, unavailable any) modeltest.Change {
	return modeltest.Set(deployment, name, "spec.strategy", map[string]any{
		"type": "RollingUpdate", "rollingUpdate": map[string]any{"maxSurge": surge, "maxUnavailable": unavailable},
	})
}

func TestRollouts(t *testing.T) {
	for name, c := range map[string]struct {
		tier      string
		changes   []modeltest.Change
		completes bool
		lowest    int
		stuck     string
	}{
		"one cache after the other":                  {"redis", nil, true, 1, ""},
		"the database stops first":                   {"postgres", nil, true, 0, ""},
		"a cache a node and a surge deadlock":        {"redis", []modeltest.Change{strategy("shop-redis", 1.0, 0.0)}, false, 2, "didn't match pod anti-affinity rules"},
		"the API server's default deadlocks as well": {"redis", []modeltest.Change{modeltest.Unset(deployment, "shop-redis", "spec.strategy")}, false, 2, "anti-affinity"},
		"an old pod goes before the new one is ready": {
			"frontend", []modeltest.Change{modeltest.Set(deployment, "shop-frontend", "spec.replicas", 1.0), strategy("shop-frontend", 1.0, 1.0)}, true, 0, "",
		},
		"two caches at once are both away": {"redis", []modeltest.Change{strategy("shop-redis", "0%", "100%")}, true, 0, ""},
		"a surge pod that no node has room for": {
			"backend", []modeltest.Change{
				strategy("shop-backend", 1.0, 0.0),
				modeltest.Set(deployment, "shop-backend", "spec.template.spec.containers[0].resources.requests.cpu", "300m"),
			}, false, 3, "Insufficient cpu",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := of(t, c.tier, c.changes...)
			assert.Equal(t, c.completes, r.Completes)
			assert.Equal(t, c.lowest, r.Lowest)
			if c.stuck == "" {
				assert.Empty(t, r.Stuck)
				return
			}
			assert.Contains(t, r.Stuck, c.stuck)
			assert.Contains(t, r.Remedy, "maxSurge 0")
		})
	}
}

// A cache that is told to end may still be on its node when the next one comes, and they keep apart; where no other node is left, the next
// one waits until it has ended.
func TestAPodThatEndsMayStillBeThere(t *testing.T) {
	elsewhere := map[int]bool{}
	for number := range 8 {
		for _, replicas := range []float64{1, 2} {
			s, err := placement.SimulateIn(t.Context(), modeltest.Dev(t, modeltest.Set(deployment, "shop-redis", "spec.replicas", replicas)), placement.NewCourse(number))
			require.NoError(t, err)
			tier := s.Tiers[slices.IndexFunc(s.Tiers, func(tier *placement.Tier) bool { return tier.Name() == "redis" })]
			on := func() (nodes []string) {
				for _, pod := range s.Cluster.Pods() {
					if tier.Owns(pod) {
						nodes = append(nodes, pod.Spec.NodeName)
					}
				}
				return nodes
			}
			before := on()
			r, _, err := rollout.Roll(s, tier)
			require.NoError(t, err)
			assert.True(t, r.Completes, "course %d, %g pods", number, replicas)
			assert.Len(t, on(), int(replicas))
			if replicas == 1 {
				elsewhere[number] = before[0] != on()[0]
			}
		}
	}
	assert.Subset(t, elsewhere, map[int]bool{0: false, 4: true, 5: true, 6: true, 7: true})
}

// The shop has ten pods.
func TestRolloutsUnderAQuota(t *testing.T) {
	quota := func(pods string) modeltest.Change {
		return modeltest.Add(model.QuotaType, "quota", map[string]any{
			"metadata": map[string]any{"name": "quota", "namespace": "ecommerce"}, "spec": map[string]any{"hard": map[string]any{"pods": pods}},
		})
	}
	t.Run("has no room for a pod more", func(t *testing.T) {
		r := of(t, "backend", quota("10"), strategy("shop-backend", 1.0, 0.0))
		assert.False(t, r.Completes)
		assert.Equal(t, 3, r.Lowest)
		assert.Equal(t, "the API server refuses it: exceeded quota: quota, requested: pods=1, used: pods=10, limited: pods=10", r.Stuck)
		assert.Equal(t, "ask for what the ResourceQuota allows, or change that", r.Remedy)
	})
	t.Run("has room for one", func(t *testing.T) {
		assert.True(t, of(t, "backend", quota("11"), strategy("shop-backend", 1.0, 0.0)).Completes)
	})
	t.Run("has room for some of those that come at once", func(t *testing.T) {
		r := of(t, "backend", quota("11"), strategy("shop-backend", 2.0, 0.0))
		assert.True(t, r.Completes, r.Stuck)
		assert.Equal(t, 3, r.Lowest)
	})
	t.Run("has room for some of those that find no node", func(t *testing.T) {
		r := of(t, "backend", quota("11"), strategy("shop-backend", 3.0, 0.0),
			modeltest.Set(deployment, "shop-backend", "spec.template.spec.containers[0].resources.requests.cpu", "300m"))
		assert.False(t, r.Completes)
		assert.Contains(t, r.Stuck, "Insufficient cpu", "the first one waits for a node")
		require.Len(t, r.Waiting, 3)
		assert.Nil(t, r.Waiting[0].Refusal)
		for _, outcome := range r.Waiting[1:] {
			require.NotNil(t, outcome.Refusal)
			assert.Contains(t, outcome.Reason, "exceeded quota: quota, requested: pods=1, used: pods=11, limited: pods=11")
		}
	})
	t.Run("the new pod is made once an old one is gone", func(t *testing.T) {
		r := of(t, "backend", quota("10"))
		assert.True(t, r.Completes, r.Stuck)
		assert.Equal(t, 2, r.Lowest)
	})
}

// A pod more than its node has room for takes that of a cache for as long as the rollout lasts.
func TestARolloutThatPreemptsSaysWhom(t *testing.T) {
	s := simulate(t,
		modeltest.Add(model.PriorityClassType, "web", map[string]any{"metadata": map[string]any{"name": "web"}, "value": 1000.0}),
		modeltest.Set(deployment, "shop-frontend", "spec.template.spec.priorityClassName", "web"),
		modeltest.Set(deployment, "shop-frontend", "spec.template.spec.containers[0].resources.requests.cpu", "300m"),
		strategy("shop-frontend", 1.0, 0.0),
	)
	rollouts, err := rollout.Analyze(s)
	require.NoError(t, err)
	for _, r := range rollouts {
		if r.Tier == "frontend" {
			assert.True(t, r.Completes, r.Stuck)
			require.NotEmpty(t, r.Displaced)
			assert.Contains(t, r.Displaced[0].Victim.Name, "redis")
			assert.Empty(t, r.Preempts, "it has room again when the old pods are gone")
		}
	}
	assert.Empty(t, s.Cluster.Waiting(), "as before")
}

func TestADeploymentWithAPendingPodHasNoRolloutToJudge(t *testing.T) {
	rollouts, err := rollout.Analyze(simulate(t, modeltest.Set(deployment, "shop-redis", "spec.replicas", 3.0)))
	require.NoError(t, err)
	for _, r := range rollouts {
		assert.NotEqual(t, "redis", r.Tier)
	}
	assert.Len(t, rollouts, 3)
}

// single makes a Deployment the only pod of its template, without anything that would make another.
func single(name string) modeltest.Change {
	return modeltest.Edit(deployment, name, func(r *policyx.AnalyzerResource) {
		template := r.Properties.Get("spec").AsMap().Get("template").AsMap()
		metadata := r.Properties.Get("metadata").AsMap().Set("labels", template.Get("metadata").AsMap().Get("labels"))
		r.Type = "kubernetes:core/v1:Pod"
		r.Properties = property.NewMap(map[string]property.Value{"metadata": property.New(metadata), "spec": template.Get("spec")})
	})
}

func TestDrains(t *testing.T) {
	drain := func(t *testing.T, node string, changes ...modeltest.Change) rollout.Drain {
		t.Helper()
		drains, err := rollout.Drains(simulate(t, changes...))
		require.NoError(t, err)
		for _, d := range drains {
			if d.Node == node {
				return d
			}
		}
		require.Failf(t, "drain", "%s is missing", node)
		return rollout.Drain{}
	}
	names := func(unavailable any) []modeltest.Change {
		return []modeltest.Change{
			modeltest.Copy(budget, "shop-backend", "platform-dns"),
			modeltest.Set(budget, "platform-dns", "metadata", map[string]any{"name": "coredns", "namespace": "kube-system"}),
			modeltest.Set(budget, "platform-dns", "spec", map[string]any{
				"maxUnavailable": unavailable, "selector": map[string]any{"matchLabels": map[string]any{"k8s-app": "kube-dns"}},
			}),
		}
	}
	taints := []any{map[string]any{"key": "tier", "value": "own", "effect": "NoSchedule"}}
	t.Run("the budget of the cluster's DNS lets every node go", func(t *testing.T) {
		for _, node := range []string{"control-plane", "worker-node-1"} {
			assert.True(t, drain(t, node, names(1.0)...).Completes, node)
			assert.True(t, drain(t, node, append(names(1.0),
				modeltest.Set("kubernetes:core/v1:NodePatch", "platform-worker-node-1-labels", "spec.taints", taints),
				modeltest.Set("kubernetes:core/v1:NodePatch", "platform-worker-node-2-labels", "spec.taints", taints))...).Completes, "tainted: "+node)
		}
	})
	t.Run("with one worker it lets the control plane's pod go", func(t *testing.T) {
		stack := modeltest.Dev(t, names(1.0)...)
		stack.Nodes = slices.DeleteFunc(stack.Nodes, func(node *model.Node) bool { return node.Name == "worker-node-2" })
		s, err := placement.Simulate(t.Context(), stack)
		require.NoError(t, err)
		drains, err := rollout.Drains(s)
		require.NoError(t, err)
		assert.Equal(t, rollout.Drain{Node: "control-plane", Completes: true}, drains[0])
	})
	t.Run("one that lets none of its pods go holds a worker up", func(t *testing.T) {
		assert.True(t, drain(t, "control-plane", names(0.0)...).Completes)
		d := drain(t, "worker-node-1", names(0.0)...)
		require.Len(t, d.Blocked, 1)
		assert.Equal(t, "coredns", d.Blocked[0].Budget)
		assert.True(t, d.Blocked[0].Never)
	})
	t.Run("nothing of the shop is on the control plane", func(t *testing.T) {
		assert.Equal(t, rollout.Drain{Node: "control-plane", Completes: true}, drain(t, "control-plane"))
	})
	t.Run("a second backend waits for the first, which has no other node", func(t *testing.T) {
		d := drain(t, "worker-node-2", modeltest.Set(budget, "shop-backend", "spec.maxUnavailable", 1.0))
		require.False(t, d.Completes)
		require.Len(t, d.Blocked, 2)
		assert.Equal(t, "backend", d.Blocked[0].Budget)
		assert.False(t, d.Blocked[0].Never)
		assert.Contains(t, d.Blocked[0].Reason, "wants 2 of 3 pods ready, 2 are")
		assert.Contains(t, d.Blocked[0].Reason, "were unschedulable")
	})
	t.Run("with another node for the tier every pod goes", func(t *testing.T) {
		d := drain(t, "worker-node-2",
			modeltest.Set("kubernetes:core/v1:NodePatch", "platform-worker-node-1-labels", "metadata.labels.tier", "backend"),
			modeltest.Remove(deployment, "shop-frontend"))
		assert.True(t, d.Completes, d.Blocked)
	})
	t.Run("a budget that wants every pod never lets one go", func(t *testing.T) {
		d := drain(t, "worker-node-2", modeltest.Unset(budget, "shop-postgres", "spec.maxUnavailable"),
			modeltest.Set(budget, "shop-postgres", "spec.minAvailable", "100%"))
		require.False(t, d.Completes)
		var never []rollout.Blocked
		for _, b := range d.Blocked {
			if b.Never {
				never = append(never, b)
			}
		}
		require.Len(t, never, 1)
		assert.Equal(t, "postgres", never[0].Budget)
	})
	t.Run("a budget that asks for a scale keeps what has none", func(t *testing.T) {
		for what, c := range map[string]struct {
			change modeltest.Change
			reason string
		}{
			"a Job": {modeltest.Edit(deployment, "shop-postgres", func(r *policyx.AnalyzerResource) { r.Type = "kubernetes:batch/v1:Job" }),
				"budget postgres allows no eviction: Job postgres has no scale"},
			"a pod of its own": {single("shop-postgres"), "budget postgres allows no eviction: a pod that nothing makes has no scale"},
		} {
			d := drain(t, "worker-node-2", c.change)
			require.Len(t, d.Blocked, 1, what)
			assert.True(t, d.Blocked[0].Never)
			assert.Contains(t, d.Blocked[0].Reason, c.reason)
			assert.True(t, drain(t, "worker-node-2", c.change, modeltest.Set(budget, "shop-postgres", "spec", map[string]any{
				"minAvailable": 0.0, "selector": map[string]any{"matchLabels": map[string]any{"app.kubernetes.io/name": "postgres"}},
			})).Completes, "one that counts pods lets it go: %s", what)
		}
	})
	t.Run("an unknown budget is not evaluated", func(t *testing.T) {
		s := simulate(t, modeltest.Unknown(budget, "shop-backend", "spec.maxUnavailable"))
		_, err := rollout.Drains(s)
		require.NoError(t, err)
		assert.Equal(t, []string{budget + " shop-backend spec.maxUnavailable"}, modeltest.Gaps(s.Stack))
	})
}
