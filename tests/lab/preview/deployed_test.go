package preview

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/toolchain"
)

func TestPreviewOfAChangeToWhatRuns(t *testing.T) {
	base, err := toolchain.Source("..", "..")
	require.NoError(t, err)
	result, err := Run(t.Context(), Options{Base: base, Changes: map[string]any{"instanceType": "t3.large"}})
	require.NoError(t, err)
	require.NotNil(t, result.Base)
	type report struct {
		Verdict, Baseline        string
		NotEvaluated, BlindRules []any
		Clients                  []struct {
			What    string
			Seconds int
		}
		Update []struct{ Node string }
	}
	var before, after report
	require.NoError(t, json.Unmarshal(result.Base.Raw, &before))
	require.NoError(t, json.Unmarshal(result.Raw, &after))
	for name, r := range map[string]report{"the base": before, "the change": after} {
		assert.Equal(t, "works", r.Verdict, name)
		assert.Empty(t, r.NotEvaluated, name)
		assert.Empty(t, r.BlindRules, "%s: every rule has evaluated something", name)
		assert.Equal(t, "what runs", r.Baseline, name)
	}
	assert.Empty(t, before.Update, "the base changes nothing of itself")
	assert.Len(t, after.Update, 3)
	require.NotEmpty(t, after.Clients)
	for i, seen := range after.Clients {
		assert.Zero(t, before.Clients[i].Seconds, seen.What)
		assert.NotZero(t, seen.Seconds, seen.What)
	}
}

func TestABaseThatDoesNotComeUp(t *testing.T) {
	base, err := toolchain.Source("..", "..")
	require.NoError(t, err)
	result, err := Run(t.Context(), Options{Base: base, BaseChanges: map[string]any{"nodePort": 80}, NoPack: true})
	assert.Nil(t, result)
	require.ErrorContains(t, err, "the base does not come up")
	require.ErrorContains(t, err, "nodePort 80")
}

func TestNodeNames(t *testing.T) {
	program := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(program, "Pulumi.yaml"), []byte("name: shop\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(program, "Pulumi.dev.yaml"), []byte("config:\n  shop:nodes:\n  - {name: one}\n  - {name: two}\n"), 0o600))
	names, err := nodeNames(program, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"one", "two"}, names)
	names, err = nodeNames(program, map[string]any{"nodes": []any{map[string]any{"name": "three"}}})
	require.NoError(t, err)
	assert.Equal(t, []string{"three"}, names)
	_, err = nodeNames(program, map[string]any{"nodes": "four"})
	require.ErrorContains(t, err, "nodes")
}
