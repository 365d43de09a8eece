package placement_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model/modeltest"
)

// as makes the backend's Deployment one of another kind, by the name of shop-other.
func as(token string, changes ...modeltest.Change) []modeltest.Change {
	const name = "shop-backend"
	return append([]modeltest.Change{
		modeltest.Unset(deployment, name, "spec.strategy"),
		modeltest.Set(deployment, name, "metadata.name", "other"),
		modeltest.Edit(deployment, name, func(r *policyx.AnalyzerResource) { r.Type, r.Name = token, "shop-other" }),
	}, changes...)
}

func TestEveryKindWithPodsIsPlaced(t *testing.T) {
	for token, pods := range map[string]int{
		"kubernetes:apps/v1:StatefulSet": 3, "kubernetes:apps/v1:ReplicaSet": 3, "kubernetes:batch/v1:Job": 1,
	} {
		t.Run(token, func(t *testing.T) {
			s := simulate(t, as(token)...)
			assert.Equal(t, map[string]int{"worker-node-2": pods}, tier(t, s, "other").PerNode)
			assert.Empty(t, modeltest.Gaps(s.Stack))
		})
	}
	t.Run("a DaemonSet", func(t *testing.T) {
		s := simulate(t, as("kubernetes:apps/v1:DaemonSet")...)
		on := map[string]int{}
		for _, outcome := range s.Outcomes {
			if outcome.Pod.Name == "other-"+outcome.Node {
				on[outcome.Node]++
			}
		}
		assert.Equal(t, map[string]int{"worker-node-2": 1}, on, "where its selector says")
	})
	t.Run("a DaemonSet whose pods keep apart from others", func(t *testing.T) {
		s := simulate(t, as("kubernetes:apps/v1:DaemonSet", modeltest.Set("kubernetes:apps/v1:DaemonSet", "shop-other", "spec.template.spec.affinity", map[string]any{
			"podAntiAffinity": map[string]any{"requiredDuringSchedulingIgnoredDuringExecution": []any{map[string]any{
				"topologyKey": "kubernetes.io/hostname", "labelSelector": map[string]any{"matchLabels": map[string]any{"k8s-app": "kube-dns"}},
				"namespaces": []any{"kube-system"},
			}}},
		}))...)
		require.Len(t, s.SystemPending(), 1)
		assert.Contains(t, s.SystemPending()[0].Reason, "didn't match pod anti-affinity rules")
	})
	t.Run("a Job that is suspended has no pods", func(t *testing.T) {
		const job = "kubernetes:batch/v1:Job"
		s := simulate(t, as(job, modeltest.Set(job, "shop-other", "spec.suspend", true))...)
		assert.Equal(t, map[string]int{}, tier(t, s, "other").PerNode)
		assert.Zero(t, tier(t, s, "other").Pending)
	})
	t.Run("a Job's pods are not spread, as those of a ReplicaSet are", func(t *testing.T) {
		for token, nodes := range map[string]int{"kubernetes:batch/v1:Job": 1, "kubernetes:apps/v1:ReplicaSet": 2} {
			s := simulate(t, as(token, modeltest.Set(token, "shop-other", "spec.parallelism", 2.0), modeltest.Set(token, "shop-other", "spec.replicas", 2.0),
				modeltest.Set(token, "shop-other", "spec.template.metadata.labels", map[string]any{"app": "other"}), // which no Service selects
				modeltest.Set(token, "shop-other", "spec.selector", map[string]any{"matchLabels": map[string]any{"app": "other"}}),
				modeltest.Unset(token, "shop-other", "spec.template.spec.nodeSelector"), modeltest.Unset(token, "shop-other", "spec.template.spec.affinity"),
				modeltest.Unset(token, "shop-other", "spec.template.spec.topologySpreadConstraints"),
				modeltest.Set(token, "shop-other", "spec.template.spec.containers[0].resources.requests", map[string]any{"cpu": "10m", "memory": "10Mi"}),
			)...)
			assert.Len(t, tier(t, s, "other").PerNode, nodes, token)
		}
	})
	t.Run("what is not simulated is named", func(t *testing.T) {
		for _, token := range []string{"kubernetes:core/v1:ReplicationController", "kubernetes:argoproj.io/v1alpha1:Rollout"} {
			assert.Equal(t, []string{token + " shop-other"}, modeltest.Gaps(simulate(t, as(token)...).Stack))
		}
	})
	t.Run("two objects of one name are two", func(t *testing.T) {
		s := simulate(t, append([]modeltest.Change{modeltest.Copy(deployment, "shop-backend", "shop-second")},
			as("kubernetes:apps/v1:StatefulSet", modeltest.Set(deployment, "shop-second", "metadata.name", "other"),
				modeltest.Set(deployment, "shop-second", "spec.replicas", 1.0))...)...)
		pods := map[string]int{}
		for _, p := range s.TierPlacements() {
			if p.Tier == "other" {
				pods[p.Kind] = p.PerNode["worker-node-2"]
			}
		}
		assert.Equal(t, map[string]int{"": 1, "StatefulSet": 3}, pods)
	})
}

func TestWhatDecidesAboutPodsAndIsUnknownIsNamed(t *testing.T) {
	daemons := "kubernetes:apps/v1:DaemonSet"
	for name, c := range map[string]struct {
		changes []modeltest.Change
		gap     string
	}{
		"a namespace": {
			[]modeltest.Change{modeltest.Unknown(deployment, "shop-redis", "metadata.namespace")}, deployment + " shop-redis metadata.namespace",
		},
		"a DaemonSet's selector": {
			as(daemons, modeltest.Unknown(daemons, "shop-other", "spec.template.spec.nodeSelector.tier")), daemons + " shop-other spec.template.spec.nodeSelector.tier",
		},
		"a priority of the stack's own": {
			[]modeltest.Change{modeltest.Set(deployment, "shop-redis", "spec.template.spec.priorityClassName", "shop")},
			deployment + " shop-redis spec.template.spec.priorityClassName",
		},
		"a gate": {
			[]modeltest.Change{modeltest.Set(deployment, "shop-redis", "spec.template.spec.schedulingGates", []any{map[string]any{"name": "later"}})},
			deployment + " shop-redis spec.template.spec.schedulingGates",
		},
		"another scheduler": {
			[]modeltest.Change{modeltest.Set(deployment, "shop-redis", "spec.template.spec.schedulerName", "own")},
			deployment + " shop-redis spec.template.spec.schedulerName",
		},
		"a runtime's overhead": {
			[]modeltest.Change{modeltest.Set(deployment, "shop-redis", "spec.template.spec.runtimeClassName", "gvisor")},
			deployment + " shop-redis spec.template.spec.runtimeClassName",
		},
		"a volume of the pod's own": {
			[]modeltest.Change{modeltest.Set(deployment, "shop-redis", "spec.template.spec.volumes[0].ephemeral", map[string]any{})},
			deployment + " shop-redis spec.template.spec.volumes[0].ephemeral",
		},
		"a quota": {
			as("kubernetes:core/v1:ResourceQuota"), "kubernetes:core/v1:ResourceQuota shop-other",
		},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Contains(t, modeltest.Gaps(simulate(t, c.changes...).Stack), c.gap)
		})
	}
}

func TestAMachineBesideTheClusterGetsNoPods(t *testing.T) {
	const instance = "aws:ec2/instance:Instance"
	s := simulate(t, modeltest.Copy(instance, "worker-node-2", "bastion"), modeltest.Unset(instance, "bastion", "tags.Role"))
	assert.Len(t, s.Cluster.Nodes(), 3)
	assert.Len(t, s.NodeUses(), 3)
}
