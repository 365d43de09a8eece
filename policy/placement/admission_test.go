package placement_test

import (
	"maps"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/placement"
)

// limit declares a LimitRange with one item.
func limit(namespace string, item map[string]any) modeltest.Change {
	return modeltest.Add(model.LimitRangeType, "limits", map[string]any{
		"metadata": map[string]any{"name": "limits", "namespace": namespace}, "spec": map[string]any{"limits": []any{item}},
	})
}

func runtimeClass(fields map[string]any) modeltest.Change {
	object := map[string]any{"metadata": map[string]any{"name": "gvisor"}, "handler": "runsc"}
	maps.Copy(object, fields)
	return modeltest.Add(model.RuntimeClassType, "gvisor", object)
}

func priorityClass(name string, value float64, fields map[string]any) modeltest.Change {
	object := map[string]any{"metadata": map[string]any{"name": name}, "value": value}
	maps.Copy(object, fields)
	return modeltest.Add(model.PriorityClassType, name, object)
}

func resources(tier string, resources map[string]any) modeltest.Change {
	return modeltest.Set(deployment, "shop-"+tier, "spec.template.spec.containers[0].resources", resources)
}

func podSpec(tier, field string, value any) modeltest.Change {
	return modeltest.Set(deployment, "shop-"+tier, "spec.template.spec."+field, value)
}

// single makes the Deployment a Pod of its template.
func single(name string) modeltest.Change {
	return modeltest.Edit(deployment, name, func(r *policyx.AnalyzerResource) {
		template := r.Properties.Get("spec").AsMap().Get("template").AsMap()
		r.Type = "kubernetes:core/v1:Pod"
		r.Properties = property.NewMap(map[string]property.Value{"metadata": r.Properties.Get("metadata"), "spec": template.Get("spec")})
	})
}

func TestPodsThatTheAPIServerRefusesAreNeverMade(t *testing.T) {
	for name, c := range map[string]struct {
		changes []modeltest.Change
		tier    string
		by      string
		reason  string
	}{
		"above the most that a container may have": {
			[]modeltest.Change{limit("ecommerce", map[string]any{"type": "Container", "max": map[string]any{"memory": "512Mi"}})},
			"postgres", "LimitRange", "maximum memory usage per Container is 512Mi, but limit is 1Gi",
		},
		"below the least": {
			[]modeltest.Change{limit("ecommerce", map[string]any{"type": "Container", "min": map[string]any{"cpu": "150m"}})},
			"frontend", "LimitRange", "minimum cpu usage per Container is 150m, but request is 100m",
		},
		"a pod as a whole": {
			[]modeltest.Change{limit("ecommerce", map[string]any{"type": "Pod", "max": map[string]any{"cpu": "800m"}})},
			"postgres", "LimitRange", "maximum cpu usage per Pod is 800m, but limit is 1",
		},
		"a limit too far above the request": {
			[]modeltest.Change{limit("ecommerce", map[string]any{"type": "Container", "maxLimitRequestRatio": map[string]any{"cpu": "1500m"}})},
			"postgres", "LimitRange", "cpu max limit to request ratio per Container is 1500m, but provided ratio is 2.000000",
		},
		"a limit by default below the request": {
			[]modeltest.Change{limit("ecommerce", map[string]any{"type": "Container", "default": map[string]any{"memory": "200Mi"}})},
			"redis", "LimitRange", "must be less than or equal to memory limit of 200Mi",
		},
		"a request above the pod's own limit": {
			[]modeltest.Change{podSpec("postgres", "containers[0].resources.requests.memory", "4Gi")},
			"postgres", "", "must be less than or equal to memory limit of 1Gi",
		},
		"a selector that the RuntimeClass contradicts": {
			[]modeltest.Change{
				runtimeClass(map[string]any{"scheduling": map[string]any{"nodeSelector": map[string]any{"tier": "sandbox"}}}),
				podSpec("redis", "runtimeClassName", "gvisor"), podSpec("redis", "nodeSelector", map[string]any{"tier": "backend"}),
			},
			"redis", "RuntimeClass", "conflict: runtimeClass.scheduling.nodeSelector[tier] = sandbox; pod.spec.nodeSelector[tier] = backend",
		},
		"an overhead of the pod's own": {
			[]modeltest.Change{podSpec("redis", "overhead", map[string]any{"cpu": "10m"})},
			"redis", "RuntimeClass", "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
		},
		"a priority that its class does not have": {
			[]modeltest.Change{
				priorityClass("shop", 7, nil), podSpec("redis", "priorityClassName", "shop"), podSpec("redis", "priority", 8.0),
			},
			"redis", "PriorityClass", "priority admission controller computed 7 from the given PriorityClass name",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := simulate(t, unbounded(c.changes...)...)
			p := tier(t, s, c.tier)
			assert.Equal(t, p.Replicas, p.Pending)
			assert.Equal(t, p.Replicas, p.Refused)
			if c.by == "" {
				assert.Empty(t, p.RefusedBy)
			} else {
				assert.Equal(t, []string{c.by}, p.RefusedBy)
			}
			require.Len(t, p.Reasons, 1)
			assert.Contains(t, p.Reasons[0], "the API server refuses it: ")
			assert.Contains(t, p.Reasons[0], c.reason)
			assert.Empty(t, s.Cluster.Waiting(), "what is never made is not there")
			assert.Empty(t, modeltest.Gaps(s.Stack))
		})
	}
}

func TestAdmissionSaysWhatPodsAskFor(t *testing.T) {
	backend := "0/3 nodes are available"
	for name, c := range map[string]struct {
		changes []modeltest.Change
		tier    string
		pending int
		reason  string
	}{
		"a request by default": {
			[]modeltest.Change{
				resources("frontend", map[string]any{}),
				limit("ecommerce", map[string]any{"type": "Container", "defaultRequest": map[string]any{"cpu": "600m"}}),
			}, "frontend", 2, "Insufficient cpu",
		},
		"a limit by default is a request as well": {
			[]modeltest.Change{
				resources("frontend", map[string]any{}),
				limit("ecommerce", map[string]any{"type": "Container", "default": map[string]any{"cpu": "600m"}}),
			}, "frontend", 2, "Insufficient cpu",
		},
		"that of another namespace is none": {
			[]modeltest.Change{
				resources("frontend", map[string]any{}),
				limit("default", map[string]any{"type": "Container", "default": map[string]any{"cpu": "600m"}}),
			}, "frontend", 0, "",
		},
		"what a runtime takes besides": {
			[]modeltest.Change{
				runtimeClass(map[string]any{"overhead": map[string]any{"podFixed": map[string]any{"cpu": "900m"}}}),
				podSpec("frontend", "runtimeClassName", "gvisor"),
			}, "frontend", 3, "Insufficient cpu",
		},
		"where a runtime is": {
			[]modeltest.Change{
				runtimeClass(map[string]any{"scheduling": map[string]any{"nodeSelector": map[string]any{"runtime": "gvisor"}}}),
				podSpec("backend", "runtimeClassName", "gvisor"),
			}, "backend", 3, backend,
		},
		"a taint that a runtime's pods tolerate": {
			[]modeltest.Change{
				modeltest.Set(nodePatch, "platform-worker-node-1-labels", "spec.taints",
					[]any{map[string]any{"key": "sandbox", "value": "yes", "effect": "NoSchedule"}}),
				runtimeClass(map[string]any{"scheduling": map[string]any{"tolerations": []any{map[string]any{"key": "sandbox", "operator": "Exists"}}}}),
				podSpec("frontend", "runtimeClassName", "gvisor"),
			}, "frontend", 0, "",
		},
		"a class without anything": {
			[]modeltest.Change{runtimeClass(nil), podSpec("frontend", "runtimeClassName", "gvisor")}, "frontend", 0, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := simulate(t, unbounded(c.changes...)...)
			p := tier(t, s, c.tier)
			assert.Equal(t, c.pending, p.Pending, p.Reasons)
			assert.Zero(t, p.Refused)
			if c.reason != "" {
				require.Len(t, p.Reasons, 1)
				assert.Contains(t, p.Reasons[0], c.reason)
			}
			assert.Empty(t, modeltest.Gaps(s.Stack))
		})
	}
}

// Both want the cores of one node, and that of the smaller name comes first.
func TestTheMoreImportantPodsComeFirst(t *testing.T) {
	scarce := []modeltest.Change{
		resources("backend", map[string]any{"requests": map[string]any{"cpu": "500m"}}),
		resources("postgres", map[string]any{"requests": map[string]any{"cpu": "1"}}),
	}
	assert.Equal(t, 1, tier(t, simulate(t, scarce...), "postgres").Pending)
	for name, classes := range map[string][]modeltest.Change{
		"by its class": {priorityClass("data", 1000, nil), podSpec("postgres", "priorityClassName", "data")},
		"by the default of all others": {
			priorityClass("data", 1000, nil), podSpec("postgres", "priorityClassName", "data"),
			priorityClass("others", 10, map[string]any{"globalDefault": true}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := simulate(t, append(classes, scarce...)...)
			assert.Zero(t, tier(t, s, "postgres").Pending, tier(t, s, "postgres").Reasons)
			assert.Positive(t, tier(t, s, "backend").Pending)
			assert.Empty(t, modeltest.Gaps(s.Stack))
		})
	}
}

func TestEveryKindOfPodIsAdmitted(t *testing.T) {
	small := limit("ecommerce", map[string]any{"type": "Container", "max": map[string]any{"cpu": "100m"}})
	refused := func(s *placement.Simulation) (pods []string) {
		for _, outcome := range s.SystemPending() {
			require.NotNil(t, outcome.Refusal, outcome.Reason)
			pods = append(pods, outcome.Pod.Name)
		}
		return pods
	}
	t.Run("of a DaemonSet", func(t *testing.T) {
		assert.Equal(t, []string{"other-worker-node-2"}, refused(simulate(t, append(as("kubernetes:apps/v1:DaemonSet"), small)...)))
	})
	t.Run("a single one", func(t *testing.T) {
		assert.Equal(t, []string{"backend"}, refused(simulate(t, single("shop-backend"), small)))
	})
}

func TestWhatOfAdmissionIsUnknownIsNamedAndNotGuessed(t *testing.T) {
	strict := limit("ecommerce", map[string]any{"type": "Container", "max": map[string]any{"cpu": "1m"}})
	for name, c := range map[string]struct {
		changes []modeltest.Change
		gap     string
	}{
		"a bound": {
			[]modeltest.Change{strict, modeltest.Unknown(model.LimitRangeType, "limits", "spec.limits[0].max.cpu")},
			model.LimitRangeType + " limits spec.limits[0].max.cpu",
		},
		"a namespace": {
			[]modeltest.Change{strict, modeltest.Unknown(model.LimitRangeType, "limits", "metadata.namespace")},
			model.LimitRangeType + " limits metadata.namespace",
		},
		"a bound that is none": {
			[]modeltest.Change{limit("ecommerce", map[string]any{"type": "Container", "max": map[string]any{"cpu": "lots"}})},
			model.LimitRangeType + " limits",
		},
		"a priority": {
			[]modeltest.Change{
				priorityClass("shop", 7, nil), modeltest.Unknown(model.PriorityClassType, "shop", "value"), podSpec("redis", "priorityClassName", "shop"),
			},
			deployment + " shop-redis spec.template.spec.priorityClassName",
		},
		"an overhead": {
			[]modeltest.Change{
				runtimeClass(map[string]any{"overhead": map[string]any{"podFixed": map[string]any{"cpu": "900m"}}}),
				modeltest.Unknown(model.RuntimeClassType, "gvisor", "overhead.podFixed.cpu"), podSpec("redis", "runtimeClassName", "gvisor"),
			},
			deployment + " shop-redis spec.template.spec.runtimeClassName",
		},
		"a change of somebody else's object": {
			[]modeltest.Change{modeltest.Add("kubernetes:core/v1:LimitRangePatch", "limits", map[string]any{"metadata": map[string]any{"name": "limits"}})},
			"kubernetes:core/v1:LimitRangePatch limits",
		},
		"an earlier version of the API": {
			[]modeltest.Change{modeltest.Add("kubernetes:node.k8s.io/v1beta1:RuntimeClass", "gvisor", map[string]any{"metadata": map[string]any{"name": "gvisor"}})},
			"kubernetes:node.k8s.io/v1beta1:RuntimeClass gvisor",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := simulate(t, unbounded(c.changes...)...)
			assert.Contains(t, modeltest.Gaps(s.Stack), c.gap)
			for _, p := range s.TierPlacements() {
				assert.Zero(t, p.Pending, "%s: %v", p.Tier, p.Reasons)
			}
		})
	}
}

func TestASuccessorIsMadeOfWhatWasDeclared(t *testing.T) {
	s := simulate(t, limit("ecommerce", map[string]any{"type": "Container", "default": map[string]any{"memory": "2Gi"}}))
	for _, pod := range s.Cluster.Pods() {
		if pod.Labels["app.kubernetes.io/name"] != "redis" {
			continue
		}
		assert.Equal(t, "2Gi", pod.Spec.Containers[0].Resources.Limits.Memory().String())
		assert.NotContains(t, s.Cluster.Successor(pod).Spec.Containers[0].Resources.Limits, corev1.ResourceMemory)
	}
}
