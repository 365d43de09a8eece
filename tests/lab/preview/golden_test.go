package preview

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/toolchain"
)

var update = flag.Bool("update", false, "rewrite the files that a preview of the dev stack makes")

// page has an example that is made from a preview of the dev stack.
const page = "docs/preview.md"

// Marks of the example on the page.
const (
	begin = "<!-- preview:begin -->\n```\n"
	end   = "```\n<!-- preview:end -->"
)

// packPath is where the lab has built the pack.
var packPath = regexp.MustCompile(`\(local: [^)]*\)`)

// example is the part of what a preview prints that the page shows.
func example(t *testing.T, output string) string {
	t.Helper()
	_, shown, found := strings.Cut(output, "\nPolicies:\n")
	require.True(t, found, output)
	shown, _, found = strings.Cut(shown, "\nOutputs:\n")
	require.True(t, found, output)
	var lines []string
	for line := range strings.Lines("Policies:\n" + strings.TrimRight(shown, "\n") + "\n") {
		lines = append(lines, strings.TrimRight(line, " \n")+"\n")
	}
	return packPath.ReplaceAllString(strings.Join(lines, ""), "(local: bin/policy)")
}

// assertGolden compares a file of the repository with what a preview makes, or writes it.
func assertGolden(t *testing.T, name string, want func(old string) string) {
	t.Helper()
	root, err := toolchain.Source("..", "..")
	require.NoError(t, err)
	path := filepath.Join(root, filepath.FromSlash(name))
	body, err := os.ReadFile(path)
	require.NoError(t, err)
	text := want(string(body))
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return
	}
	if text != string(body) {
		t.Errorf("%s is not what a preview makes now: run make golden", name)
	}
}

// capturedPath is the file in which the policy pack's tests have the dev stack, and generatedName what the engine ends names with in it.
const capturedPath = "policy/model/modeltest/captured/dev-preview.json"

var generatedName = regexp.MustCompile(`-[0-9a-f]{7}"`)

// assertFiles compares what is made from a preview of the dev stack.
func assertFiles(t *testing.T, output string, resources []byte) {
	t.Helper()
	assertGolden(t, capturedPath, func(string) string { return generatedName.ReplaceAllString(string(resources), `-0000000"`) })
	assertGolden(t, page, func(old string) string {
		before, rest, found := strings.Cut(old, begin)
		require.True(t, found, begin)
		_, after, found := strings.Cut(rest, end)
		require.True(t, found, end)
		return before + begin + example(t, output) + end + after
	})
}
