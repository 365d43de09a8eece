package platform

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/toolchain"
)

func TestSettingsComeFromTheProgramsOwnFiles(t *testing.T) {
	program, err := toolchain.Source("..", "..")
	require.NoError(t, err)

	block, err := defaultVpc(program)
	require.NoError(t, err)
	assert.Equal(t, "172.31.0.0/20", block)

	found, err := nodes(Options{program: program, Addresses: map[string]string{"worker-node-1": "172.31.18.239"}})
	require.NoError(t, err)
	addresses := map[any]any{}
	for _, item := range found {
		node, ok := item.(map[string]any)
		require.True(t, ok)
		addresses[node["name"]] = node["privateIp"]
	}
	assert.Equal(t, map[any]any{
		"control-plane": "172.31.15.119", "worker-node-1": "172.31.18.239", "worker-node-2": "172.31.7.250",
	}, addresses)
}
