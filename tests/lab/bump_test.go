package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/tests/lab/toolchain"
)

// edited is the table that bump writes with these variables, from the one before.
func edited(t *testing.T, before versions.Table, variables map[string]string) versions.Table {
	t.Helper()
	for name, value := range variables {
		t.Setenv(name, value)
	}
	b := bumper{root: t.TempDir(), table: before}
	path := filepath.Join(b.root, "cluster", "versions", "versions.json")
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, b.edit(t.Context()))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	table, err := versions.Read(text)
	require.NoError(t, err)
	return table
}

func TestBumpAddsAMinor(t *testing.T) {
	all := versions.All.Kubernetes.Releases
	before := versions.All
	before.Kubernetes.Releases = all[:len(all)-1]
	after := edited(t, before, map[string]string{"KUBERNETES": "v" + all[len(all)-1].Version})
	assert.Equal(t, versions.All, after, "with what its kubeadm names, its end, and the default as it was")
}

func TestBumpKeepsWhatTheRuntimeWas(t *testing.T) {
	was := versions.All.Containerd
	after := edited(t, versions.All, map[string]string{"CONTAINERD": "v2.99.1"})
	assert.Equal(t, versions.Containerd{Version: "2.99.1", Before: was.Version}, after.Containerd)
	after = edited(t, versions.All, map[string]string{"CONTAINERD": was.Version})
	assert.Equal(t, was, after.Containerd, "the same version changes nothing")
}

func TestBumpFindsTheSumOfTheOperatorsManifest(t *testing.T) {
	before := versions.All
	before.CloudNativePG = versions.Manifest{Version: "1.0.0", ManifestSHA256: "another"}
	after := edited(t, before, map[string]string{"CLOUDNATIVE_PG": "v" + versions.All.CloudNativePG.Version})
	assert.Equal(t, versions.All, after)
}

// TestBumpReachesEveryModule asks a proxy that is off: the module whose version is another one than its go.mod requires is the one that fails.
func TestBumpReachesEveryModule(t *testing.T) {
	modules, err := toolchain.Source("toolchain", "modules")
	require.NoError(t, err)
	for variable, module := range map[string]string{
		"CONTAINERD": "containerd", "NODE_EXPORTER": "node_exporter", "METRICS_SERVER": "metrics-server",
		"VICTORIA_METRICS": "victoria-metrics", "VICTORIA_LOGS": "victoria-logs",
		"ALERTMANAGER": "alertmanager", "KUBE_STATE_METRICS": "kube-state-metrics",
	} {
		t.Run(variable, func(t *testing.T) {
			t.Setenv(variable, "v99.9.9")
			t.Setenv("GOPROXY", "off")
			b := bumper{root: t.TempDir(), table: versions.All}
			require.NoError(t, os.MkdirAll(filepath.Join(b.root, "cluster", "versions"), 0o755))
			require.NoError(t, os.CopyFS(filepath.Join(b.root, "tests", "lab", "toolchain", "modules"), os.DirFS(modules)))
			require.NoError(t, b.edit(t.Context()))
			assert.ErrorContains(t, b.apply(t.Context()), "module "+module+": ")
		})
	}
	t.Run("CLOUDNATIVE_PG", func(t *testing.T) {
		t.Setenv("GOPROXY", "off")
		b := bumper{root: t.TempDir(), table: versions.All}
		b.table.CloudNativePG.Version = "99.9.9"
		require.NoError(t, os.CopyFS(filepath.Join(b.root, "tests", "lab", "toolchain", "modules"), os.DirFS(modules)))
		assert.ErrorContains(t, b.apply(t.Context()), "module cloudnative-pg: ", "its sum was looked up before")
	})
}
