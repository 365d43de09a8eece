package platform

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"ecommerce-platform/tests/lab/machines"
	"ecommerce-platform/tests/lab/toolchain"
)

func TestSettingsComeFromTheProgramsOwnFiles(t *testing.T) {
	program, err := toolchain.Source("..", "..")
	require.NoError(t, err)

	block, err := defaultOf(program, "vpcCidr")
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

func TestOnlyReplicasTakeTheOperator(t *testing.T) {
	for text, want := range map[string]bool{"{volumeGiB: 1}": false, "{replicas: 1}": false, "{replicas: 2}": true, "null": false} {
		var database any
		require.NoError(t, yaml.Unmarshal([]byte(text), &database))
		assert.Equal(t, want, replicated(database), text)
	}
}

func TestPodsMayAskForWhatTheLargestNodesTypeHas(t *testing.T) {
	program, err := toolchain.Source("..", "..")
	require.NoError(t, err)
	host, err := machines.HostSize()
	require.NoError(t, err)
	for _, c := range []struct {
		name  string
		nodes []any
		want  machines.Size
	}{
		{"the program's own type", []any{map[string]any{}}, machines.Size{CPUs: 2, MemoryMiB: 4096}},
		{"a larger one", []any{map[string]any{}, map[string]any{"instanceType": "t3.xlarge"}}, machines.Size{CPUs: 4, MemoryMiB: 16384}},
		{"one that is larger than any host", []any{map[string]any{"instanceType": "r7i.4xlarge"}}, machines.Size{CPUs: 16, MemoryMiB: 131072}},
	} {
		t.Run(c.name, func(t *testing.T) {
			reserved, err := systemReserved(program, c.nodes)
			require.NoError(t, err)
			assert.Equal(t, map[string]any{
				"cpu":    strconv.Itoa(max(0, host.CPUs-c.want.CPUs)),
				"memory": fmt.Sprintf("%dMi", max(0, host.MemoryMiB-c.want.MemoryMiB)),
			}, reserved)
		})
	}
	_, err = systemReserved(program, []any{map[string]any{"instanceType": "t9.huge"}})
	require.EqualError(t, err, `instance type "t9.huge": not offered by the digital twin of EC2`)
}
