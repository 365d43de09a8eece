package engine_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/engine"
	"ecommerce-platform/tests/lab/toolchain"
)

// TestRecoveryAfterAKill finds a stack as a pulumi that was killed leaves it: locked, and with an operation begun.
func TestRecoveryAfterAKill(t *testing.T) {
	program, err := toolchain.Source("..", "..")
	require.NoError(t, err)
	dir := t.TempDir()
	workspace, err := engine.New(t.Context(), engine.Options{Program: program, Dir: dir})
	require.NoError(t, err)
	stack, err := workspace.Stack(t.Context(), "dev")
	require.NoError(t, err)
	locked, err := stack.Locked()
	require.NoError(t, err)
	assert.False(t, locked, "a new stack is not locked")
	inPlace, err := filepath.Glob(filepath.Join(dir, "backend", ".pulumi", "stacks", "*", "*.attrs"))
	require.NoError(t, err)
	assert.Empty(t, inPlace, "a kill while such a file is written makes the state unreadable")

	backend := filepath.Join(dir, "backend", ".pulumi")
	urn := func(kind, name string) string { return "urn:pulumi:dev::ecommerce-platform::" + kind + "::" + name }
	root := map[string]any{"urn": urn("pulumi:pulumi:Stack", "ecommerce-platform-dev"), "type": "pulumi:pulumi:Stack", "custom": false}
	begun := map[string]any{
		"urn": urn("aws:ec2/vpc:Vpc", "vpc"), "type": "aws:ec2/vpc:Vpc", "custom": true, "parent": root["urn"],
	}
	checkpoint := filepath.Join(backend, "stacks", "ecommerce-platform", "dev.json")
	var file map[string]any
	body, err := os.ReadFile(checkpoint)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(body, &file))
	file["checkpoint"].(map[string]any)["latest"] = map[string]any{
		"manifest": map[string]any{"time": "2026-01-02T03:04:05Z", "magic": "", "version": ""}, "resources": []any{root},
		"pending_operations": []any{map[string]any{"resource": begun, "type": "creating"}},
	}
	body, err = json.Marshal(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(checkpoint, body, 0o600))
	lock := filepath.Join(backend, "locks", "organization", "ecommerce-platform", "dev")
	require.NoError(t, os.MkdirAll(lock, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(lock, "0a1b.json"), []byte(`{"pid": 1, "username": "shop", "hostname": "laptop"}`), 0o600))

	locked, err = stack.Locked()
	require.NoError(t, err)
	assert.True(t, locked)
	require.NoError(t, stack.Unlock(t.Context()))
	locked, err = stack.Locked()
	require.NoError(t, err)
	assert.False(t, locked)

	state, err := stack.Export(t.Context())
	require.NoError(t, err)
	require.Contains(t, string(state.Raw), "pending_operations")
	for range 2 {
		require.NoError(t, stack.ForgetPending(t.Context()))
		state, err = stack.Export(t.Context())
		require.NoError(t, err)
		assert.NotContains(t, string(state.Raw), "pending_operations")
		require.Len(t, state.Resources, 1)
		assert.Equal(t, "ecommerce-platform-dev", state.Resources[0].URN.Name())
	}
}
