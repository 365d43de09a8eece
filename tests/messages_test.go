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
	quoted  = `"((?:[^"\\$]|\\.|\$\(\(.*?\)\)|\$\{[^}]*\}|\$\([^)]*\)|\$)*)"`
	failure = regexp.MustCompile(`\b(?:fail|give_up) ` + quoted + `\s*(?:\\\n\s*)?` + quoted)
	// standIn is a value that a message names.
	standIn = regexp.MustCompile(`\\?\$(\(\(.*?\)\)|\{[^}]*\}|\([^)]*\)|[A-Za-z0-9_*@]+)`)
)

// The page of troubleshooting lists what each step says when it fails, and what to do then.
func TestTroubleshootingListsEveryMessage(t *testing.T) {
	scripts, err := filepath.Glob("../cluster/scripts/*.sh")
	require.NoError(t, err)
	table := "| step | what failed | what to do |\n| --- | --- | --- |\n"
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		require.NoError(t, err)
		found := failure.FindAllStringSubmatch(string(text), -1)
		assert.Len(t, found, strings.Count(string(text), "fail \"")+strings.Count(string(text), "give_up \""), "%s: every fail has a message and a remedy", script)
		for _, message := range found {
			if message[1] == "$1" {
				continue // what gives up says it for those who call it
			}
			plain := func(text string) string {
				text = strings.NewReplacer(`\"`, `"`, `\$`, `$`, "|", `\|`, "\\\n", "").Replace(standIn.ReplaceAllString(text, "…"))
				return strings.TrimSuffix(text, ": …")
			}
			table += fmt.Sprintf("| `%s` | %s | %s |\n", strings.TrimSuffix(filepath.Base(script), ".sh"), plain(message[1]), plain(message[2]))
		}
	}
	pulumitest.Section(t, "../docs/troubleshooting.md", "messages", table)
}
