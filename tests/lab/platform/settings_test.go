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

	checkedIn := map[string]string{"control-plane": "172.31.15.119", "worker-node-1": "172.31.2.239", "worker-node-2": "172.31.7.250"}
	found, err := addresses(Options{Program: program, VpcCidr: block})
	require.NoError(t, err)
	assert.Equal(t, checkedIn, found)
}

func TestAnotherBlockKeepsTheNodesHostParts(t *testing.T) {
	options := Options{VpcCidr: "172.31.16.0/20", Addresses: map[string]string{"worker-node-2": "172.31.20.7"}}
	require.NoError(t, options.complete())
	assert.Equal(t, map[string]string{
		"control-plane": "172.31.31.119", "worker-node-1": "172.31.18.239", "worker-node-2": "172.31.20.7",
	}, options.Addresses)

	configured, err := nodes(options)
	require.NoError(t, err)
	for _, item := range configured {
		node, ok := item.(map[string]any)
		require.True(t, ok)
		name, ok := node["name"].(string)
		require.True(t, ok)
		assert.Equal(t, options.Addresses[name], node["privateIp"])
	}
}

func TestValuesLieOverWhatALabMustSet(t *testing.T) {
	below := map[string]any{"image": "shop", "readinessPath": "/readyz"}
	assert.Equal(t, map[string]any{"image": "shop", "readinessPath": "/readyz", "replicas": 2}, overlaid(below, map[string]any{"replicas": 2}))
	assert.Equal(t, map[string]any{"image": "shop", "readinessPath": "/readyz"}, below, "the one below stays")
	assert.Equal(t, "text", overlaid(below, "text"))
	assert.Equal(t, 3, overlaid(nil, 3))
}
