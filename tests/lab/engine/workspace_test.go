package engine

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConfigureLiesOverTheCheckedInConfig(t *testing.T) {
	program, dir := t.TempDir(), t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "stacks"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(program, "Pulumi.dev.yaml"), []byte(
		"config:\n  shop:database: {replicas: 3, size: 5}\n  shop:nodes: [one, two]\n  shop:kept: true\n  shop:gone: true\n"), 0o600))
	stack := &Stack{Name: "lab", workspace: &Workspace{options: Options{Program: program, Dir: dir}, project: "shop"}}
	require.NoError(t, os.WriteFile(stack.configFile(), []byte("encryptionsalt: v1\n"), 0o600))
	require.NoError(t, stack.Configure("dev", map[string]any{
		"database": map[string]any{"size": 1}, "nodes": []any{"three"}, "gone": nil,
	}))
	for key, want := range map[string]any{
		"database": map[string]any{"replicas": 3.0, "size": 1.0}, "nodes": []any{"three"}, "kept": true, "gone": nil,
	} {
		got, err := stack.Config(key)
		require.NoError(t, err)
		assert.Equal(t, want, got, key)
	}
}

func TestOverlaid(t *testing.T) {
	below := map[string]any{"image": "shop", "readinessPath": "/readyz"}
	assert.Equal(t, map[string]any{"image": "shop", "readinessPath": "/readyz", "replicas": 2}, Overlaid(below, map[string]any{"replicas": 2}))
	assert.Equal(t, map[string]any{"image": "shop", "readinessPath": "/readyz"}, below, "the one below stays")
	assert.Equal(t, "text", Overlaid(below, "text"))
	assert.Equal(t, 3, Overlaid(nil, 3))
}
