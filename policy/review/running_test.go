package review

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/report"
)

// exported writes resources to a file as `pulumi stack export` does, but that it knows no passphrase.
func exported(t *testing.T, resources []policyx.AnalyzerResource) string {
	t.Helper()
	var states []map[string]any
	for _, r := range resources {
		inputs, err := plugin.MarshalProperties(resource.ToResourcePropertyMap(r.Properties), plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
		require.NoError(t, err)
		states = append(states, map[string]any{
			"urn": r.URN, "type": r.Type, "custom": true, "inputs": inputs.AsMap(), "propertyDependencies": r.PropertyDependencies,
		})
	}
	body, err := json.Marshal(map[string]any{"version": 3, "deployment": map[string]any{"resources": states}})
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "state.json")
	require.NoError(t, os.WriteFile(path, body, 0o600))
	return path
}

func backend(strategyToo bool, cpu string) []modeltest.Change {
	changes := []modeltest.Change{modeltest.Set(deployment, "shop-backend", "spec.template.spec.containers[0].resources.requests.cpu", cpu)}
	if strategyToo {
		changes = append(changes, modeltest.Set(deployment, "shop-backend", "spec.strategy.rollingUpdate", map[string]any{"maxSurge": 1.0, "maxUnavailable": 0.0}))
	}
	return changes
}

func TestAChangeStartsFromWhatRuns(t *testing.T) {
	path := exported(t, modeltest.Resources(t, "dev-preview.json", backend(true, "275m")...))
	next := modeltest.Resources(t, "dev-preview.json", backend(true, "150m")...)
	r := Of(t.Context(), next, Running{path})
	assert.Empty(t, r.Findings(PackError))
	assert.Equal(t, report.Runs, r.Report.Baseline)
	findings := r.Findings(Rollout)
	require.Len(t, findings, 1)
	assert.Contains(t, findings[0].Message, "deployment backend: a rollout with RollingUpdate, surge 1, unavailable 0 never finishes")
	assert.Empty(t, r.Findings(Placement), "the rollout has said it")
	assert.Contains(t, r.Report.Text(), "Where pods are after this change")

	t.Run("and on a new cluster it is well", func(t *testing.T) {
		r := Of(t.Context(), next, Running{})
		assert.Equal(t, report.NewCluster, r.Report.Baseline)
		assert.Empty(t, r.Findings(Rollout))
		assert.Contains(t, r.Report.Text(), "Where pods land, on a new cluster")
	})
	t.Run("a stack that holds nothing is a new cluster", func(t *testing.T) {
		r := Of(t.Context(), next, Running{exported(t, nil)})
		assert.Equal(t, report.NewCluster, r.Report.Baseline)
		assert.Empty(t, r.Findings(PackError))
	})
	t.Run("a budget that holds up what the change wants is named", func(t *testing.T) {
		r := Of(t.Context(), modeltest.Resources(t, "dev-preview.json", modeltest.Set(model.InstanceType, "worker-node-2", "instanceType", "t3.large")),
			Running{exported(t, modeltest.Resources(t, "dev-preview.json", modeltest.Set("kubernetes:policy/v1:PodDisruptionBudget", "shop-postgres", "spec.maxUnavailable", 0.0)))})
		require.NotEmpty(t, r.Findings(Drain))
		assert.Contains(t, r.Findings(Drain)[0].Message, "node worker-node-2 is drained, stopped and changed in this update, which waits for pod postgres-running-1")
	})
}

func TestWhatRunsIsNeverGuessed(t *testing.T) {
	t.Run("a file that is not there is an error of its own", func(t *testing.T) {
		r := Of(t.Context(), modeltest.Resources(t, "dev-preview.json"), Running{filepath.Join(t.TempDir(), "none")})
		require.Len(t, r.Findings(PackError), 1)
		assert.Contains(t, r.Findings(PackError)[0].Message, "PLATFORM_STATE")
		assert.Equal(t, report.Fails, r.Report.Verdict)
	})
	t.Run("a stack of which something runs says that the change is not judged", func(t *testing.T) {
		r := of(t, modeltest.Set(model.InstanceType, "worker-node-1", "arn", "arn:aws:ec2:i-1"))
		assert.Contains(t, r.Report.NotEvaluated, "the change: something of this stack runs, and PLATFORM_STATE names no file with its state")
	})
}
