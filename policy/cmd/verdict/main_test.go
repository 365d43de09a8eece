package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/report"
)

// stack is one worker and a Deployment of so many pods that ask for half a CPU each.
func stack(replicas int) string {
	return fmt.Sprintf(`{"version": 3, "deployment": {"manifest": {"time": "2026-11-30T00:00:00Z", "magic": "", "version": ""}, "resources": [
  {"urn": "urn:pulumi:dev::shop::ecommerce-platform:cluster:Cluster::shop", "type": "ecommerce-platform:cluster:Cluster", "inputs": {"kubelet": {}, "nodes": []}},
  {"urn": "urn:pulumi:dev::shop::aws:ec2/instance:Instance::worker-1", "custom": true, "type": "aws:ec2/instance:Instance",
   "inputs": {"instanceType": "t3.medium", "tags": {"Role": "worker"}}},
  {"urn": "urn:pulumi:dev::shop::kubernetes:apps/v1:Deployment::web", "custom": true, "type": "kubernetes:apps/v1:Deployment",
   "inputs": {"metadata": {"name": "web", "namespace": "shop"}, "spec": {"replicas": %d, "selector": {"matchLabels": {"app": "web"}},
    "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "resources": {"requests": {"cpu": "500m"}}}]}}}}}
]}}`, replicas)
}

func TestAnswers(t *testing.T) {
	in := fmt.Sprintf(`{"before": null, "after": %[1]s} {"before": %[1]s, "after": %[2]s}`, stack(3), stack(4))
	var out strings.Builder
	require.NoError(t, serve(t.Context(), strings.NewReader(in), &out))
	answers := json.NewDecoder(strings.NewReader(out.String()))
	var first, second answer
	require.NoError(t, answers.Decode(&first))
	require.NoError(t, answers.Decode(&second))

	assert.Equal(t, report.NewCluster, first.Report.Baseline)
	assert.Empty(t, first.Before.Nodes)
	require.Len(t, first.After.Nodes, 1)
	assert.Equal(t, int64(2000), first.After.Nodes[0].Status.Allocatable.Cpu().MilliValue())
	assert.Len(t, first.After.Residents, 2)
	assert.Zero(t, first.Report.Placement.Tiers[0].Pending)

	assert.Equal(t, report.Runs, second.Report.Baseline)
	assert.Len(t, second.Before.Nodes, 1)
	assert.Equal(t, 1, second.Report.Placement.Tiers[0].Pending, "4 x 500m and the agents' 250m are more than 2000m")
}

func TestWhatIsNoStackIsAnError(t *testing.T) {
	require.ErrorContains(t, serve(t.Context(), strings.NewReader(`{"after": {"version": 3}}`), &strings.Builder{}), "after: deployment <unset>")
}
