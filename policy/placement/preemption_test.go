package placement_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/placement"
)

// crowded is a shop whose backend takes all of worker-node-2 before its database comes, which can go nowhere else.
func crowded(changes ...modeltest.Change) []modeltest.Change {
	return append([]modeltest.Change{
		resources("backend", map[string]any{"requests": map[string]any{"cpu": "500m"}}),
		resources("postgres", map[string]any{"requests": map[string]any{"cpu": "1"}}),
		resources("redis", map[string]any{"requests": map[string]any{"cpu": "10m"}}),
	}, changes...)
}

// offer makes a pod of the database and offers it to the scheduler.
func offer(t *testing.T, s *placement.Simulation) placement.Outcome {
	t.Helper()
	for _, tier := range s.Tiers {
		if tier.Name() != "postgres" {
			continue
		}
		for _, pod := range s.Cluster.Waiting() {
			if tier.Owns(pod) {
				require.NoError(t, s.Cluster.Remove(pod))
			}
		}
		outcome, err := s.Cluster.Schedule(tier.Pod(placement.Next, 1))
		require.NoError(t, err)
		return outcome
	}
	require.Failf(t, "tier", "postgres is missing")
	return placement.Outcome{}
}

// emptied is the stack without the database's pod, which comes when all others are there.
func emptied() modeltest.Change {
	return modeltest.Set(deployment, "shop-postgres", "spec.replicas", 0.0)
}

func TestImportantPodsPreemptOthers(t *testing.T) {
	important := []modeltest.Change{priorityClass("data", 1000, nil), podSpec("postgres", "priorityClassName", "data"), emptied()}
	t.Run("as few as must go, and the last ones", func(t *testing.T) {
		s := simulate(t, crowded(important...)...)
		outcome := offer(t, s)
		assert.Equal(t, "worker-node-2", outcome.Node)
		require.Len(t, outcome.Displaced, 2)
		for _, displaced := range outcome.Displaced {
			assert.Equal(t, "backend-running-", displaced.Victim.Name[:len("backend-running-")])
			assert.Empty(t, displaced.Node)
			assert.Contains(t, displaced.Reason, "preempted by postgres (priority 1000): 0/3 nodes are available: ")
		}
		assert.Len(t, s.Cluster.Waiting(), 2, "they wait for a node")
	})
	t.Run("not those of the same priority", func(t *testing.T) {
		s := simulate(t, crowded(append(important, podSpec("backend", "priorityClassName", "data"))...)...)
		outcome := offer(t, s)
		assert.Empty(t, outcome.Node)
		assert.Empty(t, outcome.Displaced)
	})
	t.Run("not where the class preempts nobody", func(t *testing.T) {
		s := simulate(t, crowded(
			priorityClass("data", 1000, map[string]any{"preemptionPolicy": "Never"}), podSpec("postgres", "priorityClassName", "data"), emptied(),
		)...)
		outcome := offer(t, s)
		assert.Empty(t, outcome.Node)
		assert.Empty(t, outcome.Displaced)
	})
	t.Run("not where it would not help", func(t *testing.T) {
		s := simulate(t, crowded(append(important, resources("postgres", map[string]any{"requests": map[string]any{"cpu": "64"}}))...)...)
		outcome := offer(t, s)
		assert.Empty(t, outcome.Node)
		assert.Empty(t, outcome.Displaced)
	})
	t.Run("rather those that no budget keeps", func(t *testing.T) {
		// Of the backend none may go, so the redis pod and the pods of the node that no budget counts are tried first; those do not suffice.
		small := []modeltest.Change{
			resources("postgres", map[string]any{"requests": map[string]any{"cpu": "300m"}}),
			modeltest.Set("kubernetes:policy/v1:PodDisruptionBudget", "shop-backend", "spec.maxUnavailable", 0.0),
			resources("redis", map[string]any{"requests": map[string]any{"cpu": "150m"}}),
			resources("backend", map[string]any{"requests": map[string]any{"cpu": "500m"}}),
			priorityClass("data", 1000, nil), podSpec("postgres", "priorityClassName", "data"), emptied(),
		}
		kept := offer(t, simulate(t, append(small, resources("postgres", map[string]any{"requests": map[string]any{"cpu": "140m"}}))...))
		require.Len(t, kept.Displaced, 1)
		assert.Contains(t, kept.Displaced[0].Victim.Name, "redis", "its budget lets one go")
		more := offer(t, simulate(t, small...))
		require.NotEmpty(t, more.Displaced)
		assert.Contains(t, more.Displaced[len(more.Displaced)-1].Victim.Name+more.Displaced[0].Victim.Name, "backend", "a budget does not hold the scheduler up")
	})
	t.Run("what is displaced goes elsewhere if it can", func(t *testing.T) {
		s := simulate(t, crowded(append(important,
			modeltest.Unset(deployment, "shop-backend", "spec.template.spec.nodeSelector"),
			resources("frontend", map[string]any{"requests": map[string]any{"cpu": "50m"}}),
			podSpec("backend", "affinity", map[string]any{"nodeAffinity": map[string]any{"preferredDuringSchedulingIgnoredDuringExecution": []any{
				map[string]any{"weight": 100.0, "preference": map[string]any{"matchExpressions": []any{
					map[string]any{"key": "tier", "operator": "In", "values": []any{"backend"}},
				}}},
			}}}))...)...)
		outcome := offer(t, s)
		assert.Equal(t, "worker-node-2", outcome.Node)
		require.NotEmpty(t, outcome.Displaced)
		assert.Equal(t, "worker-node-1", outcome.Displaced[0].Node)
	})
}

func TestWhatNothingMakesAgainIsGoneForGood(t *testing.T) {
	s := simulate(t, crowded(
		single("shop-backend"), modeltest.Set("kubernetes:core/v1:Pod", "shop-backend", "spec.containers[0].resources.requests.cpu", "1500m"),
		priorityClass("data", 1000, nil), podSpec("postgres", "priorityClassName", "data"), emptied(),
	)...)
	outcome := offer(t, s)
	require.Len(t, outcome.Displaced, 1)
	assert.True(t, outcome.Displaced[0].Ended)
	assert.Equal(t, "preempted by postgres (priority 1000), and nothing makes it again", outcome.Displaced[0].Reason)
	for _, pod := range s.Cluster.Pods() {
		assert.NotEqual(t, "backend", pod.Name)
	}
}

func TestASnapshotRemembersWhatWasPreempted(t *testing.T) {
	s := simulate(t, crowded(priorityClass("data", 1000, nil), podSpec("postgres", "priorityClassName", "data"), emptied())...)
	offer(t, s)
	then := s.Cluster.Snapshot()
	require.NoError(t, s.Cluster.Restore(s.Settled))
	assert.Empty(t, s.Cluster.Waiting())
	require.NoError(t, s.Cluster.Restore(then))
	waiting := s.Cluster.Waiting()
	require.Len(t, waiting, 2)
	outcome, err := s.Cluster.Schedule(waiting[0])
	require.NoError(t, err)
	assert.Contains(t, outcome.Reason, "preempted by postgres")
}
