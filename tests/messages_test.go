package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/pulumitest"
)

var (
	quoted  = `"((?:[^"\\$]|\\.|\$\{[^}]*\}|\$\([^)]*\)|\$)*)"`
	failure = regexp.MustCompile(`\bfail ` + quoted + `\s*(?:\\\n\s*)?` + quoted)
	// standIn is a value that a message names.
	standIn = regexp.MustCompile(`\$(\{[^}]*\}|\([^)]*\)|[A-Za-z0-9_*@]+)`)
)

// The page of troubleshooting lists what each step says when it fails, and what to do then.
func TestTroubleshootingListsEveryMessage(t *testing.T) {
	const page, begin, end = "../docs/troubleshooting.md", "<!-- messages:begin -->\n", "<!-- messages:end -->\n"
	scripts, err := filepath.Glob("../cluster/scripts/*.sh")
	require.NoError(t, err)
	table := "| step | what failed | what to do |\n| --- | --- | --- |\n"
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		require.NoError(t, err)
		found := failure.FindAllStringSubmatch(string(text), -1)
		assert.Len(t, found, strings.Count(string(text), "fail \""), "%s: every fail has a message and a remedy", script)
		for _, message := range found {
			plain := func(text string) string {
				text = strings.NewReplacer(`\"`, `"`, `\$`, `$`, "|", `\|`, "\\\n", "").Replace(standIn.ReplaceAllString(text, "…"))
				return strings.TrimSuffix(text, ": …")
			}
			table += fmt.Sprintf("| `%s` | %s | %s |\n", strings.TrimSuffix(filepath.Base(script), ".sh"), plain(message[1]), plain(message[2]))
		}
	}
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(text), begin)
	require.True(t, ok)
	_, after, ok := strings.Cut(rest, end)
	require.True(t, ok)
	pulumitest.Golden(t, "../"+page, before+begin+table+end+after)
}
