package placement_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/placement"
)

func clusterOf(path string, value any) modeltest.Change {
	return modeltest.Set(model.PostgresType, modeltest.Database, path, value)
}

func TestInstancesAreWhereTheirVolumesAre(t *testing.T) {
	preferred := clusterOf("spec.affinity.podAntiAffinityType", "preferred")
	for name, c := range map[string]struct {
		instances float64
		nodes     []string
		changes   []modeltest.Change
		perNode   map[string]int
		pending   string
	}{
		"one on each node":                    {2, []string{"worker-node-1", "worker-node-2"}, nil, map[string]int{"worker-node-1": 1, "worker-node-2": 1}, ""},
		"one where one volume is":             {1, []string{"worker-node-1"}, nil, map[string]int{"worker-node-1": 1}, ""},
		"two of one volume":                   {2, []string{"worker-node-1"}, nil, map[string]int{"worker-node-1": 1}, "didn't find available persistent volumes to bind"},
		"two that only wish to be apart":      {2, []string{"worker-node-1", "worker-node-2"}, []modeltest.Change{preferred}, map[string]int{"worker-node-1": 1, "worker-node-2": 1}, ""},
		"more than a node has left":           {1, []string{"worker-node-1"}, []modeltest.Change{clusterOf("spec.resources.requests.cpu", "1")}, map[string]int{}, "Insufficient cpu"},
		"a volume that is too small":          {1, []string{"worker-node-1"}, []modeltest.Change{clusterOf("spec.storage.size", "6Gi")}, map[string]int{}, "didn't find available persistent volumes to bind"},
		"a quota without room for the second": {2, []string{"worker-node-1", "worker-node-2"}, []modeltest.Change{quota(map[string]any{"persistentvolumeclaims": "1"})}, map[string]int{"worker-node-1": 1}, "claim postgres-2"},
	} {
		t.Run(name, func(t *testing.T) {
			s := simulate(t, append([]modeltest.Change{modeltest.Replicated(c.instances, c.nodes...)}, c.changes...)...)
			p := tier(t, s, "postgres")
			assert.Equal(t, model.PostgresKind, p.Kind)
			assert.Equal(t, c.perNode, p.PerNode)
			if c.pending == "" {
				assert.Empty(t, p.Reasons)
				assert.Empty(t, modeltest.Gaps(s.Stack))
			} else {
				require.Len(t, p.Reasons, 1)
				assert.Contains(t, p.Reasons[0], c.pending)
			}
		})
	}
}

func TestVolumesOfAClassThatIsNotDeclaredAreNotEvaluated(t *testing.T) {
	s := simulate(t, modeltest.Replicated(2, "worker-node-1", "worker-node-2"), clusterOf("spec.storage.storageClass", "gp3"))
	assert.Equal(t, map[string]int{"worker-node-1": 1, "worker-node-2": 1}, tier(t, s, "postgres").PerNode)
	assert.Contains(t, modeltest.Gaps(s.Stack), model.PostgresType+" "+modeltest.Database+" spec.storage.storageClass")
}

// An instance whose volume is on a node comes back there or waits, also where another node has a volume to spare.
func TestAnInstanceComesBackToItsVolume(t *testing.T) {
	s := simulate(t, modeltest.Replicated(1, "worker-node-1", "worker-node-2"))
	var instance *corev1.Pod
	for _, pod := range s.Cluster.Pods() {
		if owner := s.TierOf(pod); owner != nil && owner.Postgres != nil {
			instance = pod
		}
	}
	require.NotNil(t, instance)
	home := instance.Spec.NodeName
	_, err := s.Cluster.RemoveNode(home)
	require.NoError(t, err)
	outcome, err := s.Cluster.Schedule(s.Cluster.Successor(instance))
	require.NoError(t, err)
	assert.Empty(t, outcome.Node)
	assert.Contains(t, outcome.Reason, "its volume is on "+home+": ")
	require.NoError(t, s.Cluster.Restore(s.Settled))
	require.NoError(t, s.Cluster.Remove(instance))
	outcome, err = s.Cluster.Schedule(s.Cluster.Successor(instance))
	require.NoError(t, err)
	assert.Equal(t, home, outcome.Node)
}

func TestInstancesAreWhereTheRunningClusterHasThem(t *testing.T) {
	s := simulate(t, modeltest.Replicated(1, "worker-node-1", "worker-node-2"))
	instance := func(name, node string) corev1.Pod {
		yes := true
		pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{
			Namespace: "ecommerce", Name: name,
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "postgresql.cnpg.io/v1", Kind: "Cluster", Name: "postgres", Controller: &yes}},
		}}
		pod.Spec.NodeName = node
		return pod
	}
	was := tier(t, s, "postgres").PerNode
	node := map[bool]string{true: "worker-node-2", false: "worker-node-1"}[was["worker-node-1"] == 1]
	require.NoError(t, s.Observe(nil, []corev1.Pod{instance("postgres-3", node)}))
	assert.Equal(t, map[string]int{node: 1}, tier(t, s, "postgres").PerNode)
	for _, pod := range s.Cluster.Pods() {
		if owner := s.TierOf(pod); owner != nil && owner.Postgres != nil {
			assert.Equal(t, "postgres-3", owner.ClaimName("pgdata", placement.Number(pod)), "the instance has the name of its own")
			require.NoError(t, s.Cluster.Remove(pod))
			outcome, err := s.Cluster.Schedule(s.Cluster.Successor(pod))
			require.NoError(t, err)
			assert.Equal(t, node, outcome.Node, "its volume is where the pod was")
		}
	}
}
