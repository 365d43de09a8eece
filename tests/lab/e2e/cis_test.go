//go:build lab

package e2e

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/cis"
	"ecommerce-platform/tests/lab/toolchain"
)

var update = flag.Bool("update", false, "rewrite the document that tells what the CIS benchmark finds")

// TestCISBenchmark runs kube-bench on a node of each role. What it does not find passed has an answer, and the document says all of that.
func TestCISBenchmark(t *testing.T) {
	var nodes []cis.Node
	for _, name := range []string{"control-plane", "worker-node-1"} {
		container, err := shop.Container(t.Context(), name)
		require.NoError(t, err)
		nodes = append(nodes, cis.Node{Name: name, ControlPlane: name == "control-plane", Container: container})
	}
	results, err := cis.Run(t.Context(), nodes)
	require.NoError(t, err)
	decisions, err := cis.Decisions()
	require.NoError(t, err)
	assert.Empty(t, cis.Judge(results, decisions))

	docs, err := toolchain.Source("..", "..", "docs")
	require.NoError(t, err)
	path := filepath.Join(docs, "cis.md")
	page := cis.Page(toolchain.KubeBenchVersion, results, decisions)
	t.Log(page)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(page), 0o644))
	}
	told, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(told), page, "make cis writes it anew")
}

// TestCISChecksOfOurOwn shows what is kept where kube-bench does not see it, each check under its number.
func TestCISChecksOfOurOwn(t *testing.T) {
	decisions, err := cis.Decisions()
	require.NoError(t, err)
	for id, decision := range decisions {
		_, own := cisChecks[id]
		assert.Equal(t, decision.Answer == cis.Met && decision.Shown == "", own, "check %s has a case of its own", id)
	}
	for id, check := range cisChecks {
		assert.Contains(t, decisions, id)
		t.Run(id, check)
	}
}
