package preview

import (
	"encoding/json"
	"maps"
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

// A database of several servers is one that runs, and what its operator makes is known.
func TestPreviewOfAChangeToAReplicatedDatabase(t *testing.T) {
	base, err := toolchain.Source("..", "..")
	require.NoError(t, err)
	node := func(name, role, address, tier string) map[string]any {
		return map[string]any{"name": name, "role": role, "privateIp": address, "labels": map[string]any{"tier": tier}}
	}
	runs := map[string]any{
		"nodes": []any{
			node("control-plane", "control-plane", "172.31.15.119", "none"), node("worker-node-1", "worker", "172.31.2.239", "frontend"),
			node("worker-node-2", "worker", "172.31.7.250", "backend"), node("worker-node-3", "worker", "172.31.2.240", "backend"),
		},
		"postgres": map[string]any{"replicas": 2},
	}
	changed := maps.Clone(runs)
	changed["postgres"] = map[string]any{"replicas": 2, "requests": map[string]any{"cpu": "400m"}}
	result, err := Run(t.Context(), Options{Base: base, BaseChanges: runs, Changes: changed})
	require.NoError(t, err)
	require.NotNil(t, result.Base)
	for name, raw := range map[string][]byte{"the base": result.Base.Raw, "the change": result.Raw} {
		var report struct {
			Verdict, Baseline string
			NotEvaluated      []any
		}
		require.NoError(t, json.Unmarshal(raw, &report))
		assert.Equal(t, "works", report.Verdict, "%s: %s", name, raw)
		assert.Empty(t, report.NotEvaluated, name)
		assert.Equal(t, "what runs", report.Baseline, name)
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
	require.NoError(t, os.WriteFile(filepath.Join(program, "Pulumi.dev.yaml"), []byte("config:\n  shop:nodes:\n  - {name: two, role: worker}\n  - {name: one, role: control-plane}\n"), 0o600))
	names, err := nodeNames(program, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"one", "two"}, names)
	names, err = nodeNames(program, map[string]any{"nodes": []any{map[string]any{"name": "three"}}})
	require.NoError(t, err)
	assert.Equal(t, []string{"three"}, names)
	_, err = nodeNames(program, map[string]any{"nodes": "four"})
	require.ErrorContains(t, err, "nodes")
}
