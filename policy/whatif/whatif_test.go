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
