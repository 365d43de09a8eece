package model

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOwnInstanceTypes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "types.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"x9.huge": {"vCPU": 64, "memoryMiB": 131072}, "t3.medium": {"vCPU": 2, "memoryMiB": 3838}}`), 0o600))
	kept := ReadInstanceTypes
	t.Cleanup(func() { ReadInstanceTypes = kept })
	ReadInstanceTypes = sync.OnceValues(func() (map[string]Size, error) { return readSizes(path) })

	count, known := VCPUs("x9.huge")
	assert.True(t, known)
	assert.Equal(t, 64, count)
	capacity, _, err := Kubelet{}.capacities("t3.medium", 20)
	require.NoError(t, err)
	assert.Equal(t, "3838Mi", capacity.Memory().String(), "what the kubelet reports, with nothing taken off")
	count, known = VCPUs("t3.large")
	assert.True(t, known)
	assert.Equal(t, 2, count)
}

func TestOwnInstanceTypesThatAreNone(t *testing.T) {
	for text, want := range map[string]string{
		`{"x9.huge": {"vCPU": 0, "memoryMiB": 1024}}`: "every type has a vCPU and a memoryMiB of at least 1",
		`{"x9.huge": {"vCPU": 2}}`:                    "every type has a vCPU and a memoryMiB of at least 1",
		`{"x9.huge": {"cpu": 2, "memoryMiB": 1024}}`:  `unknown field "cpu"`,
		`[]`: "cannot unmarshal array",
	} {
		_, err := parseSizes(strings.NewReader(text))
		require.ErrorContains(t, err, want, text)
	}
}
