package toolchain

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// program writes a shell script that stands for a program.
func program(t *testing.T, path, script string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755))
}

func TestMachineCLI(t *testing.T) {
	for name, c := range map[string]struct {
		version string
		host    bool
		found   bool
	}{
		"new enough with its language host is used": {"v3.300.1", true, true},
		"the pinned version is new enough":          {"v" + PulumiVersion, true, true},
		"an older one is not":                       {"v3.254.0", true, false},
		"nor one without its language host":         {"v3.300.1", false, false},
		"nor one that says no version":              {"unknown", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			program(t, filepath.Join(dir, "pulumi"), "echo "+c.version)
			if c.host {
				program(t, filepath.Join(dir, "pulumi-language-go"), "exit 1")
			}
			t.Setenv("PATH", dir)
			cli, _, found := machineCLI(context.Background())
			assert.Equal(t, c.found, found)
			if c.found {
				assert.Equal(t, filepath.Join(dir, "pulumi"), cli)
			}
		})
	}

	t.Run("the lab's own on PATH is not the machine's", func(t *testing.T) {
		t.Setenv("XDG_CACHE_HOME", t.TempDir())
		cache, err := CacheDir()
		require.NoError(t, err)
		program(t, filepath.Join(cache, "bin", "pulumi"), "echo v3.300.0")
		program(t, filepath.Join(cache, "bin", "pulumi-language-go"), "exit 1")
		t.Setenv("PATH", filepath.Join(cache, "bin"))
		_, _, found := machineCLI(context.Background())
		assert.False(t, found)
	})
}

func TestMachinePlugin(t *testing.T) {
	home := t.TempDir()
	t.Setenv("PULUMI_HOME", home)
	path := filepath.Join(home, "plugins/resource-kubernetes-v4.25.0/pulumi-resource-kubernetes")
	assert.Empty(t, machinePlugin("kubernetes", "4.25.0"), "nothing is installed")
	program(t, path, "exit 1")
	assert.Equal(t, path, machinePlugin("kubernetes", "4.25.0"))
	assert.Empty(t, machinePlugin("kubernetes", "4.26.0"), "another version is asked for")
	require.NoError(t, os.WriteFile(filepath.Dir(path)+".partial", nil, 0o644))
	assert.Empty(t, machinePlugin("kubernetes", "4.25.0"), "the installation was interrupted")
}
