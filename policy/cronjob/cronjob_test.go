package cronjob_test

import (
	"maps"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/cronjob"
	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/nodeloss"
	"ecommerce-platform/policy/placement"
	"ecommerce-platform/policy/rollout"
)

const (
	deployment = "kubernetes:apps/v1:Deployment"
	cronJob    = "kubernetes:batch/v1:CronJob"
	budget     = "kubernetes:policy/v1:PodDisruptionBudget"
)

// report declares a CronJob of the shop whose pods ask for so much.
func report(cpu string, job map[string]any) modeltest.Change {
	spec := map[string]any{"template": map[string]any{
		"metadata": map[string]any{"labels": map[string]any{"app.kubernetes.io/name": "report"}},
		"spec": map[string]any{"restartPolicy": "Never", "containers": []any{map[string]any{
			"name": "report", "image": "report:1", "resources": map[string]any{"requests": map[string]any{"cpu": cpu, "memory": "64Mi"}},
		}}},
	}}
	maps.Copy(spec, job)
	return modeltest.Add(cronJob, "shop-report", map[string]any{
		"apiVersion": "batch/v1", "kind": "CronJob", "metadata": map[string]any{"name": "report", "namespace": "ecommerce"},
		"spec": map[string]any{"schedule": "0 3 * * *", "jobTemplate": map[string]any{"spec": spec}},
	})
}

func simulate(t *testing.T, changes ...modeltest.Change) *placement.Simulation {
	t.Helper()
	s, err := placement.Simulate(t.Context(), modeltest.Dev(t, changes...))
	require.NoError(t, err)
	return s
}

func runs(t *testing.T, changes ...modeltest.Change) []cronjob.Run {
	t.Helper()
	found, err := cronjob.Analyze(simulate(t, changes...))
	require.NoError(t, err)
	return found
}

func run(t *testing.T, changes ...modeltest.Change) cronjob.Run {
	t.Helper()
	found := runs(t, changes...)
	require.Len(t, found, 1)
	return found[0]
}

func at(path string, value any) modeltest.Change {
	return modeltest.Set(cronJob, "shop-report", path, value)
}

// The workers have 950m and 300m left.
func TestARunLandsBesideEverythingElse(t *testing.T) {
	r := run(t, report("500m", nil))
	assert.Equal(t, "report", r.Tier)
	assert.Equal(t, "CronJob", r.Kind)
	assert.Equal(t, map[string]int{"worker-node-1": 1}, r.PerNode)
	assert.Zero(t, r.Pending)
	t.Run("with as many pods as may run at once", func(t *testing.T) {
		assert.Equal(t, 3, run(t, report("10m", map[string]any{"parallelism": 5.0, "completions": 3.0})).Replicas)
	})
	t.Run("or waits, and the reason is the scheduler's", func(t *testing.T) {
		r := run(t, report("600m", map[string]any{"parallelism": 2.0}))
		assert.Equal(t, map[string]int{"worker-node-1": 1}, r.PerNode)
		assert.Equal(t, 1, r.Pending)
		require.Len(t, r.Reasons, 1)
		assert.Contains(t, r.Reasons[0], "2 Insufficient cpu")
		assert.Empty(t, r.WithoutDrained)
		assert.Empty(t, r.WithoutLost)
	})
	t.Run("or is never made", func(t *testing.T) {
		r := run(t, report("10m", nil), modeltest.Add(model.QuotaType, "quota", map[string]any{
			"metadata": map[string]any{"name": "quota", "namespace": "ecommerce"}, "spec": map[string]any{"hard": map[string]any{"pods": "10"}},
		}))
		assert.Equal(t, 1, r.Refused)
		assert.Equal(t, []string{"ResourceQuota"}, r.RefusedBy)
	})
	t.Run("and another one alone", func(t *testing.T) {
		found := runs(t, report("600m", nil), modeltest.Copy(cronJob, "shop-report", "second"),
			modeltest.Set(cronJob, "second", "metadata.name", "second"))
		require.Len(t, found, 2)
		assert.Zero(t, found[0].Pending+found[1].Pending)
	})
}

func TestARunMayPreempt(t *testing.T) {
	r := run(t, report("900m", nil), at("spec.jobTemplate.spec.template.spec.nodeSelector", map[string]any{"tier": "backend"}),
		at("spec.jobTemplate.spec.template.spec.priorityClassName", "first"),
		modeltest.Add(model.PriorityClassType, "first", map[string]any{"metadata": map[string]any{"name": "first"}, "value": 1000.0}))
	assert.Zero(t, r.Pending)
	assert.NotEmpty(t, r.Preempts, "they have no other node")
}

// 400m are free on worker-node-1 alone.
func TestARunWithoutANode(t *testing.T) {
	r := run(t, report("400m", nil))
	assert.Equal(t, []string{"worker-node-1"}, r.WithoutDrained)
	assert.Equal(t, []string{"control-plane", "worker-node-1"}, r.WithoutLost, "without an API server nothing starts")
}

// Nothing of a CronJob is there between its runs.
func TestBetweenRunsThereIsNoPod(t *testing.T) {
	without := simulate(t)
	covers := modeltest.Set(budget, "shop-backend", "spec.selector", map[string]any{"matchExpressions": []any{
		map[string]any{"key": "app.kubernetes.io/name", "operator": "In", "values": []any{"report", "backend"}},
	}})
	with := simulate(t, report("10m", nil), covers)
	assert.Equal(t, without.TierPlacements(), with.TierPlacements())
	assert.Equal(t, without.NodeUses(), with.NodeUses())
	assert.Empty(t, modeltest.Gaps(with.Stack))
	_, err := cronjob.Analyze(with)
	require.NoError(t, err)
	for _, s := range []*placement.Simulation{without, with} {
		assert.Len(t, s.Cluster.Pods(), len(without.Cluster.Pods()), "as before")
	}
	losses, err := nodeloss.Analyze(without)
	require.NoError(t, err)
	same, err := nodeloss.Analyze(with)
	require.NoError(t, err)
	assert.Equal(t, losses, same)
	drains, err := rollout.Drains(without)
	require.NoError(t, err)
	alike, err := rollout.Drains(with)
	require.NoError(t, err)
	for i := range drains {
		assert.Equal(t, drains[i].Completes, alike[i].Completes, drains[i].Node)
	}
}

func TestWhatDoesNotRunIsNoRun(t *testing.T) {
	for name, change := range map[string]modeltest.Change{
		"suspended":              at("spec.suspend", true),
		"its Jobs are suspended": at("spec.jobTemplate.spec.suspend", true),
		"without pods":           at("spec.jobTemplate.spec.parallelism", 0.0),
	} {
		s := simulate(t, report("10m", nil), change)
		found, err := cronjob.Analyze(s)
		require.NoError(t, err)
		assert.Empty(t, found, name)
		assert.Empty(t, modeltest.Gaps(s.Stack), name)
	}
	assert.Len(t, runs(t, report("10m", nil), at("spec.suspend", false)), 1)
}

func TestWhatIsUnknownOfACronJobIsNamed(t *testing.T) {
	for _, path := range []string{"spec.schedule", "spec.suspend", "spec.jobTemplate.spec.parallelism", "metadata.namespace"} {
		s := simulate(t, report("10m", nil), at(path, property.New(property.Computed)))
		found, err := cronjob.Analyze(s)
		require.NoError(t, err)
		assert.Empty(t, found, path)
		assert.Equal(t, []string{cronJob + " shop-report " + path}, modeltest.Gaps(s.Stack))
	}
	s := simulate(t, report("10m", nil), at("spec.suspend", true), at("spec.schedule", property.New(property.Computed)))
	assert.Empty(t, modeltest.Gaps(s.Stack), "what does not run needs no time")
	s = simulate(t, report("10m", nil), at("spec.jobTemplate.spec.template.spec.schedulerName", "own"))
	assert.Equal(t, []string{cronJob + " shop-report spec.jobTemplate.spec.template.spec.schedulerName"}, modeltest.Gaps(s.Stack))
}
