package whatif_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/nodeloss"
	"ecommerce-platform/policy/placement"
	"ecommerce-platform/policy/report"
	"ecommerce-platform/policy/review"
	"ecommerce-platform/policy/whatif"
)

func dev(t *testing.T, changes ...modeltest.Change) []policyx.AnalyzerResource {
	t.Helper()
	return modeltest.Resources(t, "dev-preview.json", changes...)
}

// zoned are the dev stack's machines in two zones.
func zoned(t *testing.T) []policyx.AnalyzerResource {
	t.Helper()
	return dev(t,
		modeltest.Set(model.InstanceType, "control-plane", "availabilityZone", "eu-central-1a"),
		modeltest.Set(model.InstanceType, "worker-node-1", "availabilityZone", "eu-central-1b"),
		modeltest.Set(model.InstanceType, "worker-node-2", "availabilityZone", "eu-central-1b"))
}

func tier(t *testing.T, r *report.Report, name string) placement.TierPlacement {
	t.Helper()
	for _, p := range r.Placement.Tiers {
		if p.Tier == name {
			return p
		}
	}
	require.Failf(t, "no such tier", name)
	return placement.TierPlacement{}
}

func TestALostNodeIsLostAsTheReportSays(t *testing.T) {
	r, err := whatif.LoseNode(t.Context(), dev(t), "worker-node-2")
	require.NoError(t, err)
	full := review.Of(t.Context(), dev(t), review.Running{}).Report
	var same []nodeloss.Loss
	for _, loss := range full.NodeLoss {
		if loss.Node == "worker-node-2" {
			same = append(same, loss)
		}
	}
	assert.Equal(t, same, r.NodeLoss)
	assert.Equal(t, 3, tier(t, r, "backend").Pending)
	assert.Empty(t, tier(t, r, "backend").PerNode)
	assert.Equal(t, map[string]int{"worker-node-1": 4}, tier(t, r, "frontend").PerNode)
	assert.Len(t, r.Placement.Nodes, 2)
	assert.Contains(t, r.Headline, "If worker-node-2 is lost for good: The shop's page shows no data while worker-node-2 is lost for good, until another node takes them")
	assert.Contains(t, r.Text(), "volume ecommerce-postgres-worker-node-2 (claim ecommerce/postgres-worker-node-2)")
	assert.NotContains(t, r.Text(), "Verdict")
}

func TestALostZoneTakesEveryNodeInIt(t *testing.T) {
	r, err := whatif.LoseZone(t.Context(), zoned(t), "eu-central-1b")
	require.NoError(t, err)
	require.Len(t, r.Network.Machines, 1)
	for _, p := range r.Placement.Tiers {
		assert.Equal(t, p.Replicas, p.Pending, p.Tier)
	}
	assert.Len(t, r.Outages, 4)

	r, err = whatif.LoseZone(t.Context(), zoned(t), "eu-central-1a")
	require.NoError(t, err)
	assert.True(t, r.NodeLoss[0].ControlPlane)
	assert.Empty(t, r.Outages, "what runs keeps running")

	_, err = whatif.LoseZone(t.Context(), zoned(t), "eu-central-1c")
	require.EqualError(t, err, `zone "eu-central-1c": no node is known to be in it; the zones known are eu-central-1a, eu-central-1b`)
	_, err = whatif.LoseZone(t.Context(), dev(t, modeltest.Unknown(model.SubnetType, "platform-public", "availabilityZone")), "eu-central-1a")
	require.ErrorContains(t, err, "the zones known are none")
}

func TestADrainMovesWhatItCan(t *testing.T) {
	r, err := whatif.Drain(t.Context(), dev(t), "worker-node-2")
	require.NoError(t, err)
	require.Len(t, r.Update, 1)
	assert.Equal(t, "is drained", r.Update[0].What)
	assert.Equal(t, map[string]int{"backend": 3, "postgres": 1, "redis": 1}, r.Update[0].Pending)
	assert.Len(t, r.Placement.Nodes, 3, "the node stays")
	assert.Contains(t, r.Headline, "The shop's page shows no data while worker-node-2 is drained, until the node takes pods again")

	held, err := whatif.Drain(t.Context(), dev(t,
		modeltest.Set("kubernetes:policy/v1:PodDisruptionBudget", "shop-postgres", "spec.maxUnavailable", 0.0)), "worker-node-2")
	require.NoError(t, err)
	assert.False(t, held.Drains[0].Completes)
	assert.Equal(t, map[string]int{"worker-node-2": 1}, tier(t, held, "postgres").PerNode, "the budget keeps it there")
}

func TestAnAddedWorkerIsLikeAnother(t *testing.T) {
	resources := dev(t, modeltest.Set("kubernetes:apps/v1:Deployment", "shop-redis", "spec.replicas", 3.0))
	r, err := whatif.AddWorker(t.Context(), resources, "t3.large", "")
	require.NoError(t, err)
	require.Len(t, r.Update, 1)
	assert.Equal(t, "worker-node-3", r.Update[0].Node)
	assert.Equal(t, "joins", r.Update[0].What)
	assert.Equal(t, 1, tier(t, r, "redis").PerNode["worker-node-3"], "it takes the pod that was Pending")
	assert.Zero(t, tier(t, r, "redis").Pending)
	assert.Regexp(t, `^If worker-node-3 joins, a t3.large like worker-node-2: .* USD a month, \+[0-9.]+\.$`, r.Headline)
	for _, use := range r.Placement.Nodes {
		if use.Node == "worker-node-3" {
			assert.Greater(t, use.AllocatableMemory, int64(7000))
		}
	}
	for _, v := range r.Violations {
		assert.NotEqual(t, review.Reachability, v.Rule, v.Message)
		assert.NotEqual(t, review.PackError, v.Rule, v.Message)
	}
	assert.Len(t, model.Read(resources).Nodes, 3, "the resources are left alone")

	_, err = whatif.AddWorker(t.Context(), resources, "t3.large", "control-plane")
	require.EqualError(t, err, `node "control-plane": must be a worker whose machine is in this stack`)
	unknown, err := whatif.AddWorker(t.Context(), resources, "x9.huge", "worker-node-1")
	require.NoError(t, err)
	assert.Contains(t, unknown.Text(), `instance type "x9.huge"`)
}

// cronJob declares one of the shop, whose pods ask for so much.
func cronJob(name, cpu string) modeltest.Change {
	return modeltest.Add("kubernetes:batch/v1:CronJob", "shop-"+name, map[string]any{
		"apiVersion": "batch/v1", "kind": "CronJob", "metadata": map[string]any{"name": name, "namespace": "ecommerce"},
		"spec": map[string]any{"schedule": "0 3 * * *", "jobTemplate": map[string]any{"spec": map[string]any{"template": map[string]any{
			"spec": map[string]any{"restartPolicy": "Never", "containers": []any{map[string]any{
				"name": name, "image": name + ":1", "resources": map[string]any{"requests": map[string]any{"cpu": cpu, "memory": "64Mi"}},
			}}},
		}}}},
	})
}

// waiting are the CronJobs whose runs find no node.
func waiting(r *report.Report) []string {
	var names []string
	for _, run := range r.CronJobs {
		if run.Pending > 0 {
			names = append(names, run.Tier)
		}
	}
	return names
}

// The workers have 950m and 300m left.
func TestRunsOfCronJobsFindTheirNodesAsTheReportSays(t *testing.T) {
	shop := []modeltest.Change{cronJob("clean", "10m"), cronJob("report", "400m")}
	full := review.Of(t.Context(), dev(t, shop...), review.Running{}).Report
	require.Len(t, full.CronJobs, 2)
	told := map[string][]string{}
	for _, run := range full.CronJobs {
		for _, node := range run.WithoutLost {
			told["lost "+node] = append(told["lost "+node], run.Tier)
		}
		for _, node := range run.WithoutDrained {
			told["drained "+node] = append(told["drained "+node], run.Tier)
		}
	}
	assert.Len(t, told, 3, "the larger one needs worker-node-1, and both the control plane's API")
	for _, node := range []string{"control-plane", "worker-node-1", "worker-node-2"} {
		lost, err := whatif.LoseNode(t.Context(), dev(t, shop...), node)
		require.NoError(t, err)
		assert.Len(t, lost.CronJobs, 2)
		assert.Equal(t, told["lost "+node], waiting(lost), node)
		drained, err := whatif.Drain(t.Context(), dev(t, shop...), node)
		require.NoError(t, err)
		assert.Len(t, drained.CronJobs, 2)
		assert.Equal(t, told["drained "+node], waiting(drained), node)
	}

	r, err := whatif.LoseNode(t.Context(), dev(t, shop...), "worker-node-1")
	require.NoError(t, err)
	assert.Contains(t, r.Headline, " CronJobs whose runs wait for a node then: report.")
	assert.Contains(t, r.Text(), "Where a run of each CronJob lands after this change, each alone\n  CronJob  pods  control-plane  worker-node-2  pending\n")
	assert.Contains(t, r.Text(), "  report: 1 pending: 0/2 nodes are available: ")
	r, err = whatif.LoseNode(t.Context(), dev(t, shop...), "control-plane")
	require.NoError(t, err)
	assert.Equal(t, []string{nodeloss.NoAPI}, r.CronJobs[0].Reasons)
}

func TestALostZoneAndAnAddedWorkerDecideAboutRunsAsWell(t *testing.T) {
	shop := []modeltest.Change{
		cronJob("report", "10m"), cronJob("archive", "1900m"),
		modeltest.Set(model.InstanceType, "worker-node-1", "availabilityZone", "eu-central-1b"),
		modeltest.Set(model.InstanceType, "worker-node-2", "availabilityZone", "eu-central-1b"),
	}
	r, err := whatif.LoseZone(t.Context(), dev(t, shop...), "eu-central-1b")
	require.NoError(t, err)
	assert.Equal(t, []string{"archive", "report"}, waiting(r))
	r, err = whatif.AddWorker(t.Context(), dev(t, shop...), "t3.large", "worker-node-2")
	require.NoError(t, err)
	assert.Equal(t, []string{"archive"}, waiting(r), "two CPUs are less than that and what the system takes")
	assert.Regexp(t, `\+[0-9.]+\. CronJobs whose runs wait for a node then: archive\.$`, r.Headline)
	r, err = whatif.AddWorker(t.Context(), dev(t, shop...), "t3.xlarge", "worker-node-2")
	require.NoError(t, err)
	assert.Empty(t, waiting(r))
	assert.Equal(t, map[string]int{"worker-node-3": 1}, r.CronJobs[0].PerNode)
	assert.NotContains(t, r.Headline, "CronJobs")
}

func TestANodeThatIsNotThereIsAnError(t *testing.T) {
	const says = `node "worker-node-9": the stack has control-plane, worker-node-1, worker-node-2`
	_, err := whatif.LoseNode(t.Context(), dev(t), "worker-node-9")
	require.EqualError(t, err, says)
	_, err = whatif.Drain(t.Context(), dev(t), "worker-node-9")
	require.EqualError(t, err, says)
	_, err = whatif.AddWorker(t.Context(), dev(t), "t3.large", "worker-node-9")
	require.EqualError(t, err, says)
	_, err = whatif.LoseNode(t.Context(), nil, "a")
	require.EqualError(t, err, `node "a": the stack has none`)
}
