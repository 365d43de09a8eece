package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/model/snapshot"
	"ecommerce-platform/policy/report"
	"ecommerce-platform/policy/review"
)

const deployment = "kubernetes:apps/v1:Deployment"

// left is a directory with the files of a preview, and writes resources into it.
func left(t *testing.T, resources []policyx.AnalyzerResource, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	if resources != nil {
		t.Setenv(snapshot.File, filepath.Join(dir, resourcesFile))
		require.NoError(t, snapshot.Save(resources))
	}
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	return dir
}

func dev(t *testing.T, changes ...modeltest.Change) []policyx.AnalyzerResource {
	t.Helper()
	return modeltest.Resources(t, "dev-preview.json", changes...)
}

// printed is what the command prints.
func printed(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), args, &out)
	return out.String(), err
}

func TestACommentComesFromResourcesAlone(t *testing.T) {
	stuck := modeltest.Unset(deployment, "shop-redis", "spec.strategy")
	head := left(t, dev(t, stuck), map[string]string{
		"report.json": `{"verdict": "works", "headline": "Works."}`, "comment.md": "### ✅ Works.",
		planFile: `{"kubernetes:apps/v1:Deployment shop-redis": {"spec.replicas": "2"}}`,
	})
	require.NoError(t, os.WriteFile(filepath.Join(head, sourcesFile), []byte(`{"`+urn+`": "workloads/redis.go:12"}`), 0o600))
	base := left(t, dev(t), map[string]string{planFile: `{}`})
	text, err := printed(t, "comment", "-head", head, "-base", base, "-docs", "https://example.com/docs", "-files", "https://example.com/files")
	require.NoError(t, err)
	first, _, _ := strings.Cut(text, "\n")
	assert.Equal(t, "### ❌ Does not work: rollout. Clients lose nothing. 121.78 USD a month, as before.", first)
	assert.Contains(t, text, "- ❌ **[rollout](https://example.com/docs/policies.md#rollout)** (new) Deployment shop-redis: ")
	assert.Contains(t, text, "([workloads/redis.go:12](https://example.com/files/workloads/redis.go#L12))")
	assert.Contains(t, text, "Changes: 1 added")
}

// urn is that of the Deployment redis.
const urn = "urn:pulumi:dev::ecommerce-platform::ecommerce-platform:workloads:Workloads$kubernetes:apps/v1:Deployment::shop-redis"

func TestAPositionIsAFileOfTheProgramAndALine(t *testing.T) {
	for source, want := range map[string]string{
		"infra/nodes.go:45": "infra/nodes.go:45", "main.go:1": "main.go:1", "../main.go:1": "", "/etc/passwd:1": "", "a/../b.go:1": "",
		"main.go": "", "main.go:0": "", "main.go:1) [x](http://y": "", "javascript:1/x:1": "", "": "",
	} {
		r := &report.Report{Violations: []report.Violation{{Resource: urn}}}
		path := filepath.Join(t.TempDir(), sourcesFile)
		body, err := json.Marshal(map[string]string{urn: source})
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, body, 0o600))
		require.NoError(t, locate(r, path))
		assert.Equal(t, want, r.Violations[0].Source, source)
	}
}

func TestACommentOnAPreviewWithoutResourcesIsThatItFailed(t *testing.T) {
	text, err := printed(t, "comment", "-head", left(t, nil, map[string]string{
		"report.json": `{"verdict": "works"}`, outputFile: "error: no such key\n",
	}))
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(text, "### ❌ The preview failed\n"), text)
	assert.Contains(t, text, "error: no such key")
}

func TestDataThatNoPreviewLeavesIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		says  string
	}{
		"resources that are none": {map[string]string{resourcesFile: "{}"}, "resources.json: json: cannot unmarshal object"},
		"a plan that is none":     {map[string]string{planFile: "[]"}, "plan.json: json: cannot unmarshal array"},
		"too much of it":          {map[string]string{outputFile: strings.Repeat("x", maxBytes+1)}, "preview.txt: more than 32 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := printed(t, "comment", "-head", left(t, nil, c.files))
			require.ErrorContains(t, err, "-head: ")
			require.ErrorContains(t, err, c.says)
		})
	}
	t.Run("more pods than anybody waits for", func(t *testing.T) {
		head := left(t, dev(t, modeltest.Set(deployment, "shop-redis", "spec.replicas", 2e9)), nil)
		_, err := printed(t, "comment", "-head", head)
		require.ErrorContains(t, err, "2000000008 pods: at most 10000")
	})
	t.Run("more nodes", func(t *testing.T) {
		nodes := make([]any, maxNodes+1)
		for i := range nodes {
			nodes[i] = map[string]any{"name": strings.Repeat("n", i+1)}
		}
		head := left(t, dev(t, modeltest.Set(model.ClusterType, "platform", "nodes", nodes)), nil)
		_, err := printed(t, "comment", "-head", head)
		require.ErrorContains(t, err, "nodes: at most 500")
	})
}

func TestAReportIsRenderedFromItsFileAndFromResources(t *testing.T) {
	dir := left(t, dev(t), nil)
	resources := filepath.Join(dir, resourcesFile)
	file := filepath.Join(dir, "report.json")
	t.Setenv(report.File, file)
	r := review.Of(t.Context(), dev(t), review.Running{})
	require.NoError(t, r.Report.Save())
	want := r.Report.Text()
	for _, args := range [][]string{{"text", "-report", file}, {"text", "-resources", resources}} {
		text, err := printed(t, args...)
		require.NoError(t, err)
		assert.Equal(t, want, text)
	}
	body, err := os.ReadFile(file)
	require.NoError(t, err)
	again, err := printed(t, "json", "-resources", resources)
	require.NoError(t, err)
	assert.JSONEq(t, string(body), again)

	changed, err := printed(t, "text", "-resources", resources, "-base", resources)
	require.NoError(t, err)
	assert.Contains(t, changed, "Clients lose nothing.")
}

func TestWrongUseSaysWhatIsRight(t *testing.T) {
	for says, args := range map[string][]string{
		"subcommand \"\": one of\n  text":             nil,
		"subcommand \"page\": one of":                 {"page"},
		"one of -report and -resources: required":     {"text"},
		"-base: only with -resources":                 {"text", "-report", "a", "-base", "b"},
		`"more": takes flags only`:                    {"text", "-report", "a", "more"},
		"-head: required":                             {"comment"},
		"-head: stat /nowhere: no such file or direc": {"comment", "-head", "/nowhere"},
	} {
		_, err := printed(t, args...)
		require.ErrorContains(t, err, says)
	}
}
