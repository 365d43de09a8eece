package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/tests/pulumitest"
)

// TestDefaultsAreTheTables keeps Pulumi.yaml and the table of versions from drifting apart.
func TestDefaultsAreTheTables(t *testing.T) {
	declared := map[string]any{}
	for _, key := range declaredKeys(t) {
		declared[key.Name] = key.Default
	}
	for key, value := range versions.All.Defaults() {
		assert.Equal(t, value, declared[key], "%s: make bump makes them agree", key)
	}
}

// TestPoliciesCompileWhatRuns keeps the preview's verdicts on a database of several servers those of the operator that makes them.
func TestPoliciesCompileWhatRuns(t *testing.T) {
	requires, err := os.ReadFile(filepath.Join("policy", "go.mod"))
	require.NoError(t, err)
	for module, version := range map[string]string{
		"github.com/cloudnative-pg/cloudnative-pg": versions.All.CloudNativePG.Version, "k8s.io/kubernetes": versions.All.Kubernetes.New().Version,
	} {
		assert.Contains(t, string(requires), "\t"+module+" v"+version+"\n")
	}
}

// TestVersionsStandInOnePlace finds what names a version beside the table, and so would be forgotten when it changes.
func TestVersionsStandInOnePlace(t *testing.T) {
	// What make bump changes, tells what was, or captured it.
	made := []string{
		"Pulumi.yaml", "docs/configuration.md", "docs/operations.md", "CHANGELOG.md", "docs/benchmarks.md", "docs/calibration.md", "docs/preview.md",
		"policy/model/modeltest/captured/dev-preview.json",
	}
	args := []string{"grep", "--files-with-matches", "--fixed-strings", "--word-regexp"}
	for _, release := range versions.All.Kubernetes.Releases {
		args = append(args, "-e", release.Version, "-e", "v"+release.Version)
	}
	args = append(args, "-e", versions.All.Calico.ManifestSHA256, "-e", versions.All.Calico.Lab.ManifestSHA256, "-e", versions.All.CloudNativePG.ManifestSHA256, "--", ":!*go.mod", ":!*go.sum", ":!*/testdata/*", ":!cluster/versions/versions.json")
	// It exits with 1 where there is nothing.
	out, _ := exec.CommandContext(t.Context(), "git", args...).Output()
	for _, name := range strings.Fields(string(out)) {
		assert.Contains(t, made, filepath.ToSlash(name), "%s names a version that is in the table", name)
	}
}

// TestOperationsPageSaysWhatIsSupported keeps the page's table of releases up to date.
func TestOperationsPageSaysWhatIsSupported(t *testing.T) {
	table := "\n| Kubernetes | mended by its project until | etcd | CoreDNS | |\n| --- | --- | --- | --- | --- |\n"
	for _, r := range slices.Backward(versions.All.Kubernetes.Releases) {
		which := ""
		if r.Minor() == versions.All.Kubernetes.Default {
			which = "new clusters"
		}
		table += fmt.Sprintf("| %s | %s | %s | %s | %s |\n", r.Version, r.Ends, r.Etcd, r.CoreDNS, which)
	}
	table += "\n"
	pulumitest.Section(t, "docs/operations.md", "versions", table)
}
