package engine

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSourceIn(t *testing.T) {
	program := filepath.Join(t.TempDir(), "checkout")
	require.NoError(t, os.MkdirAll(filepath.Join(program, "infra"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(program, "infra", "nodes.go"), nil, 0o600))
	up, err := filepath.Rel(program, "/shop/infra/nodes.go")
	require.NoError(t, err)
	for name, c := range map[string]struct{ position, want string }{
		"a path of the machine that compiled": {"project:///infra/nodes.go#45", "infra/nodes.go:45"},
		"with a column":                       {"project:///infra/nodes.go#45,3", "infra/nodes.go:45"},
		"a path of the module":                {"project:///" + filepath.ToSlash(up) + "#7", "infra/nodes.go:7"},
		"a file that is not there":            {"project:///infra/none.go#1", ""},
		"another module":                      {"project:///../../pulumi/context.go#1", ""},
		"no line":                             {"project:///infra/nodes.go", ""},
		"nothing":                             {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, sourceIn(program, "shop", c.position))
		})
	}
}
