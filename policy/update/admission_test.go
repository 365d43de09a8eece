package update_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/nodeloss"
	"ecommerce-platform/policy/placement"
	"ecommerce-platform/policy/update"
)

func TestALimitRangeThatComesWithTheUpdate(t *testing.T) {
	limits := modeltest.Add(model.LimitRangeType, "limits", map[string]any{
		"metadata": map[string]any{"name": "limits", "namespace": "ecommerce"},
		"spec":     map[string]any{"limits": []any{map[string]any{"type": "Container", "max": map[string]any{"memory": "200Mi"}}}},
	})
	t.Run("leaves the pods that run", func(t *testing.T) {
		after, done := changed(t, nil, []modeltest.Change{limits})
		assert.Empty(t, done.Rollouts)
		assert.Equal(t, map[string]int{"worker-node-2": 3}, perNode(t, after, "backend").PerNode)
		assert.Zero(t, perNode(t, after, "backend").Pending)
	})
	t.Run("and lets none take their place", func(t *testing.T) {
		_, done := changed(t, nil, []modeltest.Change{limits, set("backend", "spec.template.spec.containers[0].image", "nginx:1.29")})
		require.Len(t, done.Rollouts, 1)
		assert.False(t, done.Rollouts[0].Completes)
		assert.Contains(t, done.Rollouts[0].Stuck, "the API server refuses it: spec.containers[0].resources.requests")
		assert.Contains(t, done.Rollouts[0].Stuck, "must be less than or equal to memory limit of 200Mi")
		assert.Equal(t, "ask for what the LimitRange allows, or change that", done.Rollouts[0].Remedy)
	})
	t.Run("nor that of one that loses its node", func(t *testing.T) {
		after, _ := changed(t, nil, []modeltest.Change{limits})
		losses, err := nodeloss.Analyze(after)
		require.NoError(t, err)
		redis := losses[1].Tiers[3]
		assert.Equal(t, "redis", redis.Tier)
		assert.Contains(t, redis.Reason, "the API server refuses it")
	})
}

func TestAQuotaUnderAnUpdate(t *testing.T) {
	quota := func(pods string) modeltest.Change {
		return modeltest.Add(model.QuotaType, "quota", map[string]any{
			"metadata": map[string]any{"name": "quota", "namespace": "ecommerce"}, "spec": map[string]any{"hard": map[string]any{"pods": pods}},
		})
	}
	more := set("frontend", "spec.replicas", 6.0)
	t.Run("refuses the pods that it has no room for", func(t *testing.T) {
		after, done := changed(t, []modeltest.Change{quota("11")}, []modeltest.Change{more})
		p := perNode(t, after, "frontend")
		assert.Equal(t, 1, p.Refused)
		assert.Equal(t, map[string]int{"worker-node-1": 5}, p.PerNode)
		require.Len(t, done.Waits, 1)
	})
	t.Run("a pod that Pulumi makes is not tried again", func(t *testing.T) {
		pod := modeltest.Add("kubernetes:core/v1:Pod", "one", map[string]any{
			"metadata": map[string]any{"name": "one", "namespace": "ecommerce"},
			"spec":     map[string]any{"containers": []any{map[string]any{"name": "one"}}},
		})
		after, _ := changed(t, []modeltest.Change{quota("10")}, []modeltest.Change{pod, set("backend", "spec.replicas", 2.0)})
		pending := after.SystemPending()
		require.Len(t, pending, 1, "though there is room once the backend has fewer pods")
		require.NotNil(t, pending[0].Refusal)
		assert.Equal(t, "one", pending[0].Pod.Name)
	})
	t.Run("allows what another tier leaves", func(t *testing.T) {
		after, _ := changed(t, []modeltest.Change{quota("11")}, []modeltest.Change{more, set("backend", "spec.replicas", 2.0)})
		assert.Zero(t, perNode(t, after, "frontend").Pending)
	})
	t.Run("may give one rollout the room that another leaves meanwhile", func(t *testing.T) {
		completes := map[bool]bool{}
		for number := range 16 {
			before, err := placement.SimulateIn(t.Context(), modeltest.Dev(t, quota("10"), surging("frontend")), placement.NewCourse(number))
			require.NoError(t, err)
			_, done, err := update.Simulate(t.Context(), before, modeltest.Dev(t, quota("10"), surging("frontend"),
				set("frontend", "spec.template.metadata.labels.new", "yes"), set("postgres", "spec.template.metadata.labels.new", "yes")))
			require.NoError(t, err)
			require.Len(t, done.Rollouts, 2)
			whole := done.Rollouts[0].Completes && done.Rollouts[1].Completes
			completes[number >= 8] = completes[number >= 8] || whole
		}
		assert.Equal(t, map[bool]bool{false: false, true: true}, completes)
	})
	t.Run("counts every new pod that waits for a node", func(t *testing.T) {
		rolls := func(pods string) *update.Update {
			runs := []modeltest.Change{quota(pods), surging("frontend"), set("backend", "spec.strategy", map[string]any{
				"type": "RollingUpdate", "rollingUpdate": map[string]any{"maxSurge": 2.0, "maxUnavailable": 0.0},
			})}
			after, done := changed(t, runs, []modeltest.Change{
				set("backend", request, "900m"), set("frontend", "spec.template.metadata.labels.new", "yes"),
			})
			require.Len(t, done.Rollouts, 2)
			require.False(t, done.Rollouts[0].Completes)
			assert.Equal(t, 2, perNode(t, after, "backend").Pending)
			waiting := after.Cluster.Waiting()
			require.Len(t, waiting, 2, "none is there twice")
			return done
		}
		assert.True(t, rolls("13").Rollouts[1].Completes)
		frontend := rolls("12").Rollouts[1]
		assert.False(t, frontend.Completes)
		assert.Contains(t, frontend.Stuck, "used: pods=12")
	})
	t.Run("keeps the pods that are there when it falls", func(t *testing.T) {
		after, _ := changed(t, []modeltest.Change{quota("11")}, []modeltest.Change{
			modeltest.Set(model.QuotaType, "quota", "spec.hard.pods", "4"),
		})
		assert.Equal(t, map[string]int{"worker-node-1": 4}, perNode(t, after, "frontend").PerNode)
	})
	t.Run("and has no say before it is there", func(t *testing.T) {
		after, done := changed(t, nil, []modeltest.Change{quota("4"), modeltest.Set(instance, "worker-node-1", "instanceType", "t3.large")})
		require.Len(t, done.Nodes, 1)
		assert.Zero(t, perNode(t, after, "frontend").Pending, "its node was drained and came back before")
	})
}

// The database gets a class of its own, and its new pod the room of a backend.
func TestAPriorityThatComesWithTheUpdate(t *testing.T) {
	class := func(fields map[string]any) modeltest.Change {
		properties := map[string]any{"metadata": map[string]any{"name": "data"}, "value": 1000.0}
		maps.Copy(properties, fields)
		return modeltest.Add(model.PriorityClassType, "data", properties)
	}
	requests := func(cpu string) modeltest.Change {
		return set("postgres", "spec.template.spec.containers[0].resources", map[string]any{"requests": map[string]any{"cpu": cpu}})
	}
	larger := []modeltest.Change{requests("900m"), set("postgres", "spec.template.spec.priorityClassName", "data")}
	t.Run("preempts what is less important", func(t *testing.T) {
		after, done := changed(t, nil, append([]modeltest.Change{class(nil)}, larger...))
		require.Len(t, done.Rollouts, 1)
		assert.True(t, done.Rollouts[0].Completes, done.Rollouts[0].Stuck)
		displaced := 0
		for _, name := range []string{"backend", "redis"} {
			p := perNode(t, after, name)
			displaced += p.Pending
			for _, reason := range p.Reasons {
				assert.Contains(t, reason, "preempted by postgres (priority 1000): ")
			}
		}
		assert.Positive(t, displaced)
	})
	t.Run("and says who is without a pod", func(t *testing.T) {
		_, done := changed(t, []modeltest.Change{set("backend", "spec.replicas", 1.0), set("backend", "spec.template.spec.containers[0].resources.requests.cpu", "900m")},
			append([]modeltest.Change{class(nil)}, larger...))
		tiers := map[string]update.Outage{}
		for _, outage := range done.Outages {
			tiers[outage.Tier] = outage
		}
		assert.Equal(t, update.Outage{
			Tier: "backend", While: "pods of a higher priority preempt it", Until: "a node has room for it", Open: true,
		}, tiers["backend"])
	})
	t.Run("a pod that nothing makes again is gone for good", func(t *testing.T) {
		after, _ := changed(t, []modeltest.Change{
			modeltest.Edit(deployment, "shop-backend", func(r *policyx.AnalyzerResource) {
				r.Type = "kubernetes:core/v1:Pod"
				r.Properties = property.NewMap(map[string]property.Value{
					"metadata": r.Properties.Get("metadata"), "spec": r.Properties.Get("spec").AsMap().Get("template").AsMap().Get("spec"),
				})
			}),
			modeltest.Set("kubernetes:core/v1:Pod", "shop-backend", "spec.containers[0].resources.requests.cpu", "900m"),
		}, append([]modeltest.Change{class(nil)}, larger...))
		pending := after.SystemPending()
		require.Len(t, pending, 1)
		assert.True(t, pending[0].Ended)
		assert.Equal(t, "preempted by postgres (priority 1000), and nothing makes it again", pending[0].Reason)
	})
	t.Run("unless its class preempts nobody", func(t *testing.T) {
		after, done := changed(t, nil, append([]modeltest.Change{class(map[string]any{"preemptionPolicy": "Never"})}, larger...))
		assert.False(t, done.Rollouts[0].Completes)
		assert.Zero(t, perNode(t, after, "backend").Pending+perNode(t, after, "redis").Pending)
	})
	t.Run("the tier's own old pods go for the new ones", func(t *testing.T) {
		_, done := changed(t, []modeltest.Change{set("backend", "spec.template.spec.containers[0].resources.requests.cpu", "300m"), surging("backend")},
			[]modeltest.Change{class(nil), set("backend", "spec.template.spec.priorityClassName", "data")})
		require.Len(t, done.Rollouts, 1)
		assert.True(t, done.Rollouts[0].Completes, done.Rollouts[0].Stuck)
	})
	t.Run("a pod that loses its node takes that of another", func(t *testing.T) {
		s, err := placement.Simulate(t.Context(), modeltest.Dev(t, class(nil), set("redis", "spec.template.spec.priorityClassName", "data"),
			set("redis", "spec.replicas", 1.0), set("redis", "spec.template.spec.containers[0].resources.requests.cpu", "700m"),
			set("redis", "spec.template.spec.affinity", map[string]any{"nodeAffinity": map[string]any{
				"preferredDuringSchedulingIgnoredDuringExecution": []any{map[string]any{"weight": 100.0, "preference": map[string]any{
					"matchExpressions": []any{map[string]any{"key": "tier", "operator": "In", "values": []any{"frontend"}}},
				}}},
			}})))
		require.NoError(t, err)
		require.Equal(t, map[string]int{"worker-node-1": 1}, perNode(t, s, "redis").PerNode)
		losses, err := nodeloss.Analyze(s)
		require.NoError(t, err)
		for _, loss := range losses {
			if loss.Node != "worker-node-1" {
				continue
			}
			pending, reason := 0, ""
			for _, tier := range loss.Tiers {
				if tier.Tier == "redis" {
					assert.Equal(t, 1, tier.Moves)
				} else if strings.Contains(tier.Reason, "preempted by redis") {
					pending, reason = pending+tier.Pending, tier.Reason
				}
			}
			assert.Positive(t, pending, reason)
		}
	})
}

const pod = "kubernetes:core/v1:Pod"

// single makes the cache a pod without a controller, on worker-node-2.
func single() []modeltest.Change {
	return []modeltest.Change{
		modeltest.Edit(deployment, "shop-redis", func(r *policyx.AnalyzerResource) {
			template := r.Properties.Get("spec").AsMap().Get("template").AsMap()
			r.Type = pod
			r.Properties = property.NewMap(map[string]property.Value{"metadata": r.Properties.Get("metadata"), "spec": template.Get("spec")})
		}),
		modeltest.Remove(budget, "shop-redis"),
		modeltest.Set(pod, "shop-redis", "spec.nodeSelector", map[string]any{"kubernetes.io/hostname": "worker-node-2"}),
	}
}

func TestATaintEndsAPodWithoutAController(t *testing.T) {
	taint := modeltest.Set(nodePatch, "platform-worker-node-2-labels", "spec.taints",
		[]any{map[string]any{"key": "out", "value": "yes", "effect": "NoExecute"}})
	ended := func(changes ...modeltest.Change) (ended []string) {
		after, _ := changed(t, append(worker("worker-node-2"), single()...), append(changes, taint))
		for _, outcome := range after.SystemPending() {
			if outcome.Ended {
				ended = append(ended, outcome.Pod.Name+" "+outcome.Reason)
			}
		}
		return ended
	}
	assert.Equal(t, []string{"redis evicted from worker-node-2, a taint of which it does not tolerate, and nothing makes it again"}, ended())
	assert.Empty(t, ended(modeltest.Remove(pod, "shop-redis")), "nobody wants it any more")
}

// `kubectl drain --force` ends a pod that nothing makes again.
func TestAPodWithoutAControllerDoesNotComeBack(t *testing.T) {
	runs := append(worker("worker-node-2"), single()...)
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
