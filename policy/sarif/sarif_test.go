package sarif_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	validator "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/report"
	"ecommerce-platform/policy/review"
	"ecommerce-platform/policy/sarif"
)

const deployment = "kubernetes:apps/v1:Deployment"

func encoded(t *testing.T, docs string, changes ...modeltest.Change) ([]byte, *report.Report) {
	t.Helper()
	r := review.Of(t.Context(), modeltest.Resources(t, "dev-preview.json", changes...), review.Running{})
	body, err := sarif.Encode(&r.Report, docs)
	require.NoError(t, err)
	return body, &r.Report
}

func TestResultsAreWhatTheReportSays(t *testing.T) {
	body, r := encoded(t, "https://example.com/docs", modeltest.Unset(deployment, "shop-redis", "spec.strategy"),
		modeltest.Set(model.ClusterType, "platform", "kubernetesVersion", "1.35.0"), modeltest.Set(model.ClusterType, "platform", "calicoVersion", "3.28.5"),
		modeltest.Set("aws:ec2/instance:Instance", "worker-node-1", "metadataOptions.httpTokens", "optional"))
	parsed, err := validator.FromString(string(body))
	require.NoError(t, err)
	require.NoError(t, parsed.Validate(), "the schema of SARIF 2.1.0")
	assert.Equal(t, "2.1.0", parsed.Version)
	require.Len(t, parsed.Runs, 1)
	run := parsed.Runs[0]
	require.Len(t, run.Results, len(r.Violations))
	files := map[string]string{}
	for i, result := range run.Results {
		v := r.Violations[i]
		assert.Equal(t, v.Rule, *result.RuleID)
		assert.Equal(t, v.Message, *result.Message.Text)
		assert.Equal(t, map[string]string{report.Mandatory: "error", report.Advisory: "warning"}[v.Level], result.Level)
		rule := run.Tool.Driver.Rules[result.RuleIndex]
		assert.Equal(t, v.Rule, *rule.ID)
		assert.Equal(t, "https://example.com/docs/policies.md#"+v.Rule, *rule.HelpURI)
		require.Len(t, result.Locations, 1)
		require.Len(t, result.Locations[0].LogicalLocations, 1)
		assert.Equal(t, v.Resource, *result.Locations[0].LogicalLocations[0].FullyQualifiedName)
		files[v.Rule] = *result.Locations[0].PhysicalLocation.ArtifactLocation.URI
		assert.NotEmpty(t, result.PartialFingerprints)
	}
	assert.Equal(t, map[string]string{
		"rollout": "workloads/workloads.go", "imds-v2": "infra/infra.go", "image-digest": "workloads/workloads.go", "vcpu-quota": "infra/infra.go",
		"data-tiers-used": "workloads/workloads.go",
	}, files)
	for _, file := range files {
		assert.FileExists(t, filepath.Join("..", "..", file))
	}
}

func TestAReportWithoutViolationsIsARunWithoutResults(t *testing.T) {
	body, err := sarif.Encode(&report.Report{}, "")
	require.NoError(t, err)
	parsed, err := validator.FromString(string(body))
	require.NoError(t, err)
	require.NoError(t, parsed.Validate())
	var raw struct {
		Runs []struct{ Results json.RawMessage }
	}
	require.NoError(t, json.Unmarshal(body, &raw))
	assert.JSONEq(t, "[]", string(raw.Runs[0].Results), "that is how it says that there are none")
}

func TestAFindingOfNoResourceIsTheProgrammes(t *testing.T) {
	body, err := sarif.Encode(&report.Report{Violations: []report.Violation{{Rule: "placement", Level: report.Mandatory, Message: "m"}}}, "")
	require.NoError(t, err)
	assert.Contains(t, string(body), `"uri": "main.go"`)
	assert.NotContains(t, string(body), "logicalLocations")
	_, err = os.Stat("../../main.go")
	require.NoError(t, err)
	_, err = sarif.Encode(&report.Report{Violations: []report.Violation{{Rule: "none"}}}, "")
	require.EqualError(t, err, `violation of "none": the pack has no such policy`)
}
