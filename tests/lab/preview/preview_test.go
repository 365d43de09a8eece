package preview

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/engine"
	"ecommerce-platform/tests/lab/toolchain"
)

func TestPreviewOfTheDevStack(t *testing.T) {
	var output bytes.Buffer
	first, err := Run(t.Context(), Options{Output: &output})
	require.NoError(t, err)
	t.Run("the files that are made from it are up to date", func(t *testing.T) { assertFiles(t, output.String(), first.Resources) })
	t.Run("the pack reports", func(t *testing.T) {
		require.NotNil(t, first.Report)
		assert.Regexp(t, `^Works\b`, first.Report.Headline)
		assert.Equal(t, "verdict  "+first.Report.Headline, first.Summary(nil))
	})
	t.Run("a second one finds the same, so a difference is the program's", func(t *testing.T) {
		second, err := Run(t.Context(), Options{})
		require.NoError(t, err)
		assert.Equal(t, first.Plan, second.Plan)
		assert.JSONEq(t, string(first.Raw), string(second.Raw))
	})
	t.Run("no secret is in the plan or among the resources", func(t *testing.T) {
		for _, placeholder := range placeholders {
			assert.NotContains(t, string(first.Resources), placeholder)
		}
		for resource, properties := range first.Plan {
			for path, value := range properties {
				for _, placeholder := range placeholders {
					assert.NotContains(t, value, placeholder, "%s %s", resource, path)
				}
			}
		}
	})
	t.Run("what a pull request changes is the difference", func(t *testing.T) {
		changed, err := Run(t.Context(), Options{NoPack: true, Changes: map[string]any{"frontend": map[string]any{"replicas": 3}}})
		require.NoError(t, err)
		expected := maps.Clone(first.Plan)
		frontend := maps.Clone(expected["kubernetes:apps/v1:Deployment shop-frontend"])
		assert.Equal(t, "4", frontend["spec.replicas"])
		frontend["spec.replicas"] = "3"
		expected["kubernetes:apps/v1:Deployment shop-frontend"] = frontend
		quota := maps.Clone(expected["kubernetes:core/v1:ResourceQuota shop-quota"])
		assert.Equal(t, `"26"`, quota["spec.hard.pods"])
		quota["spec.hard.pods"], quota["spec.hard.requests.cpu"], quota["spec.hard.requests.memory"] = `"24"`, `"4300m"`, `"4992Mi"`
		expected["kubernetes:core/v1:ResourceQuota shop-quota"] = quota
		assert.Equal(t, expected, changed.Plan)
	})
}

func TestPreviewThatFails(t *testing.T) {
	result, err := Run(t.Context(), Options{NoPack: true, Changes: map[string]any{"nodePort": 80}})
	var failed *engine.Error
	require.ErrorAs(t, err, &failed)
	require.ErrorContains(t, err, "nodePort 80")
	require.NotNil(t, result)
	assert.Nil(t, result.Plan, "a plan that lacks resources would show them as removed")
	assert.Contains(t, result.Summary(err), "verdict  failed")
	require.EqualError(t, Brief(err), "preview failed; the reasons are above")
	require.EqualError(t, Brief(errors.New("other")), "other")
}

func TestConfigure(t *testing.T) {
	program := t.TempDir()
	root, err := toolchain.Source("..", "..")
	require.NoError(t, err)
	require.NoError(t, toolchain.Copy(filepath.Join(root, "Pulumi.yaml"), filepath.Join(program, "Pulumi.yaml")))
	require.NoError(t, os.WriteFile(filepath.Join(program, "Pulumi.dev.yaml"), []byte(`
encryptionsalt: v1:somebody:else
config:
  aws:region: us-east-1
  ecommerce-platform:adminCidrs: [198.51.100.0/24]
  ecommerce-platform:keySeed: {secure: "v1:of-somebody-else"}
  ecommerce-platform:mirrors: {packagesKey: {secure: "v1:of-another"}}
`), 0o600))
	dir := t.TempDir()
	workspace, err := engine.New(t.Context(), engine.Options{Program: program, Dir: dir})
	require.NoError(t, err)
	stack, err := workspace.Stack(t.Context(), stackName)
	require.NoError(t, err)

	replaced, err := configure(t.Context(), stack, program, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"ecommerce-platform:keySeed", "ecommerce-platform:mirrors"}, replaced, "only their owner can decrypt them")
	body, err := os.ReadFile(filepath.Join(dir, "stacks", "Pulumi.dev.yaml"))
	require.NoError(t, err)
	text := string(body)
	assert.Contains(t, text, "us-east-1", "the owner's values win over the defaults")
	assert.Contains(t, text, "198.51.100.0/24")
	assert.NotContains(t, text, "203.0.113.7")
	assert.NotContains(t, text, "v1:of-somebody-else", "base64 has no hyphen, so that nothing encrypted can look like it")
	assert.NotContains(t, text, "mirrors")
	for key := range placeholders {
		has, err := stack.HasConfig(key)
		require.NoError(t, err)
		assert.True(t, has, key)
	}
	assert.NotContains(t, text, placeholders["databasePassword"], "encrypted, as the program demands")
}
