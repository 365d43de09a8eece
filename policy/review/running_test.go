package review

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/model/snapshot"
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
	r := Of(t.Context(), next, Running{File: path})
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
		r := Of(t.Context(), next, Running{File: exported(t, nil)})
		assert.Equal(t, report.NewCluster, r.Report.Baseline)
		assert.Empty(t, r.Findings(PackError))
	})
	t.Run("a budget that holds up what the change wants is named", func(t *testing.T) {
		r := Of(t.Context(), modeltest.Resources(t, "dev-preview.json", modeltest.Set(model.InstanceType, "worker-node-2", "instanceType", "t3.large")),
			Running{File: exported(t, modeltest.Resources(t, "dev-preview.json", modeltest.Set("kubernetes:policy/v1:PodDisruptionBudget", "shop-postgres", "spec.maxUnavailable", 0.0)))})
		require.NotEmpty(t, r.Findings(Drain))
		assert.Contains(t, r.Findings(Drain)[0].Message, "node worker-node-2 is drained, stopped and changed in this update, which waits for pod postgres-running-1")
	})
}

func TestWhatRunsIsNeverGuessed(t *testing.T) {
	t.Run("a file that is not there is an error of its own", func(t *testing.T) {
		r := Of(t.Context(), modeltest.Resources(t, "dev-preview.json"), Running{File: filepath.Join(t.TempDir(), "none")})
		require.Len(t, r.Findings(PackError), 1)
		assert.Contains(t, r.Findings(PackError)[0].Message, "PLATFORM_STATE")
		assert.Equal(t, report.Fails, r.Report.Verdict)
	})
	t.Run("a stack of which something runs says that the change is not judged", func(t *testing.T) {
		r := of(t, modeltest.Set(model.InstanceType, "worker-node-1", "arn", "arn:aws:ec2:i-1"))
		assert.Contains(t, r.Report.NotEvaluated,
			model.Gap{Fact: "the change: something of this stack runs, and PLATFORM_STATE names no file with its state"})
	})
}

// The data of a preview is reviewed elsewhere, without its secrets.
func TestAReviewOfASnapshotFindsTheSame(t *testing.T) {
	resources := modeltest.Resources(t, "dev-preview.json",
		modeltest.Set("kubernetes:core/v1:ConfigMap", "shop-redis-config", "data.password", "placeholder"))
	body, err := snapshot.Encode(snapshot.Redact(resources))
	require.NoError(t, err)
	read, err := snapshot.Decode(body)
	require.NoError(t, err)
	want, got := Of(t.Context(), resources, Running{}), Of(t.Context(), read, Running{})
	assert.Equal(t, want.Report, got.Report)
	assert.Len(t, got.Findings("secrets-not-literal"), 1)
}

func TestABaseStandsForWhatRuns(t *testing.T) {
	base := modeltest.Resources(t, "dev-preview.json")
	larger := modeltest.Resources(t, "dev-preview.json", modeltest.Set(model.InstanceType, "worker-node-1", "instanceType", "t3.large"))
	r := Of(t.Context(), larger, Running{Resources: base})
	assert.Empty(t, r.Findings(PackError))
	assert.Equal(t, report.Base, r.Report.Baseline)
	require.Len(t, r.Report.Update, 1)
	assert.Equal(t, "worker-node-1", r.Report.Update[0].Node)
	assert.Contains(t, r.Report.Headline, "Clients do not get the page for about")

	t.Run("and a change of nothing takes nobody down", func(t *testing.T) {
		r := Of(t.Context(), base, Running{Resources: base})
		assert.Empty(t, r.Report.Update)
		assert.Contains(t, r.Report.Headline, "Clients lose nothing.")
		for _, rolled := range r.Report.Rollouts {
			assert.False(t, rolled.Now, rolled.Tier)
		}
	})
}

func TestARunningClusterIsAskedOrTheReviewSaysSo(t *testing.T) {
	state := exported(t, modeltest.Resources(t, "dev-preview.json"))
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		kind := map[string]string{"/api/v1/nodes": "NodeList", "/api/v1/pods": "PodList"}[r.URL.Path]
		_, _ = fmt.Fprintf(w, `{"kind": %q, "apiVersion": "v1", "metadata": {}, "items": []}`, kind)
	}))
	require.NoError(t, os.WriteFile(kubeconfig, fmt.Appendf(nil, `{apiVersion: v1, kind: Config, current-context: c,
contexts: [{name: c, context: {cluster: c, user: u}}], clusters: [{name: c, cluster: {server: %q}}], users: [{name: u, user: {}}]}`, server.URL), 0o600))
	next := modeltest.Resources(t, "dev-preview.json")

	r := Of(t.Context(), next, Running{File: state, Kubeconfig: kubeconfig})
	assert.Empty(t, r.Findings(PackError))
	for _, tier := range r.Report.Placement.Tiers {
		assert.Equal(t, tier.Replicas, tier.PerNode["worker-node-1"]+tier.PerNode["worker-node-2"], "the update starts the pods that the running cluster lacks")
	}
	server.Close()
	r = Of(t.Context(), next, Running{File: state, Kubeconfig: kubeconfig})
	require.Len(t, r.Findings(PackError), 1, "silence is no empty cluster")
	assert.Contains(t, r.Findings(PackError)[0].Message, Kubeconfig)
	r = Of(t.Context(), next, Running{Kubeconfig: kubeconfig})
	require.Len(t, r.Findings(PackError), 1)
	assert.Contains(t, r.Findings(PackError)[0].Message, State)
}

func TestWhatHoldsDataIsNamedWhereItGoes(t *testing.T) {
	const volume, claim, namespace = "kubernetes:core/v1:PersistentVolume", "kubernetes:core/v1:PersistentVolumeClaim", "kubernetes:core/v1:Namespace"
	holds := modeltest.Set(model.InstanceType, "worker-node-2", "tags.Holds", "database")
	state := exported(t, modeltest.Resources(t, "dev-preview.json", holds))
	for name, c := range map[string]struct {
		change modeltest.Change
		says   string
	}{
		"nothing":             {modeltest.Set(deployment, "shop-frontend", "spec.replicas", 5.0), ""},
		"a volume":            {modeltest.Remove(volume, "shop-postgres"), "PersistentVolume shop-postgres is deleted by this change"},
		"a claim's name":      {modeltest.Set(claim, "shop-postgres", "metadata.name", "other"), "PersistentVolumeClaim shop-postgres is replaced by this change of metadata.name"},
		"a namespace":         {modeltest.Set(namespace, "shop-namespace", "metadata.name", "other"), "Namespace shop-namespace is replaced by this change of metadata.name"},
		"the data's machine":  {modeltest.Remove(model.InstanceType, "worker-node-2"), "what its disk holds of database"},
		"another one's label": {modeltest.Set(namespace, "shop-namespace", "metadata.labels.team", "shop"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := Of(t.Context(), modeltest.Resources(t, "dev-preview.json", holds, c.change), Running{File: state})
			var found []string
			for _, finding := range r.Findings(dataKept) {
				found = append(found, finding.Message)
			}
			if c.says == "" {
				assert.Empty(t, found)
			} else {
				assert.Contains(t, strings.Join(found, "\n"), c.says)
			}
		})
	}
}
