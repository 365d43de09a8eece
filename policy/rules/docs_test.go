package rules_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/rules"
)

var update = flag.Bool("update", false, "rewrite the table of rules in docs/policies.md")

const policies = "../../docs/policies.md"

// between is what stands between two marks of a page, and what stands before and after.
func between(t *testing.T, page, name string) (before, text, after string) {
	t.Helper()
	begin, end := "<!-- "+name+":begin -->\n", "<!-- "+name+":end -->\n"
	before, rest, found := strings.Cut(page, begin)
	require.True(t, found, begin)
	text, after, found = strings.Cut(rest, end)
	require.True(t, found, end)
	return before + begin, text, end + after
}

func TestPagesListTheRules(t *testing.T) {
	var table strings.Builder
	table.WriteString("| rule | level | what must be true | what to do otherwise |\n| --- | --- | --- | --- |\n")
	for _, rule := range rules.All {
		level := "mandatory"
		if rule.Level == policyx.EnforcementLevelAdvisory {
			level = "advisory"
		}
		fmt.Fprintf(&table, "| <a id=%q></a>`%s` | %s | %s | %s |\n", rule.Name, rule.Name, level, rule.Description, rule.Remedy)
	}
	page, err := os.ReadFile(policies)
	require.NoError(t, err)
	before, text, after := between(t, string(page), "rules")
	if *update {
		require.NoError(t, os.WriteFile(policies, []byte(before+table.String()+after), 0o600))
		return
	}
	assert.Equal(t, table.String(), text, "run go test ./rules -update")
}

var mapped = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (covered|passed|optional|not applicable|waived) \\| (.+) \\|$")

// Analyses that are policies of the pack as well.
var analyses = []string{"placement", "rollout", "drain", "growth", "node-loss", "reachability"}

// matches are what the first group of a pattern finds in files.
func matches(t *testing.T, pattern string, globs ...string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, glob := range globs {
		files, err := filepath.Glob(glob)
		require.NoError(t, err)
		for _, file := range files {
			body, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(body), -1) {
				found[match[1]] = true
			}
		}
	}
	return found
}

func TestPagesMapTheChecksOfOthers(t *testing.T) {
	pack := map[string]bool{}
	for _, name := range analyses {
		pack[name] = true
	}
	for _, rule := range rules.All {
		pack[rule.Name] = true
	}
	shown := matches(t, `(?m)^func (Test\w+)\(`, "../../*_test.go", "../../tests/*_test.go")
	maps.Copy(shown, pack)
	// What the first name of a row must be one of.
	known := map[string]map[string]bool{
		"covered": pack, "passed": shown, "optional": matches(t, `(?m)^  (\w+):$`, "../../Pulumi.yaml"),
	}
	page, err := os.ReadFile(policies)
	require.NoError(t, err)
	for source, list := range map[string]string{"polaris": "polaris.txt", "fsbp": "fsbp.txt"} {
		_, text, _ := between(t, string(page), source)
		checks, err := os.ReadFile("testdata/" + list)
		require.NoError(t, err)
		var listed []string
		rows := mapped.FindAllStringSubmatch(text, -1)
		for _, row := range rows {
			listed = append(listed, row[1])
			assert.NotEmpty(t, row[3], row[1])
			if names, ok := known[row[2]]; ok {
				first := regexp.MustCompile("`([^`]+)`").FindStringSubmatch(row[3])
				if assert.NotNil(t, first, "%s: %s by what", row[1], row[2]) {
					assert.True(t, names[first[1]], "%s: %s by %s, which there is not", row[1], row[2], first[1])
				}
			}
		}
		assert.Equal(t, strings.Fields(string(checks)), listed, source)
		assert.Len(t, rows, strings.Count(text, "\n")-2, "a row of %s is malformed", source)
	}
}

// The example of the page is a rule of the pack, word for word.
func TestPageOnAddingARuleShowsOneThatCompiles(t *testing.T) {
	page, err := os.ReadFile("../../docs/add-a-rule.md")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	require.Len(t, blocks, 3, "the function, its row and its fixtures")
	for i, file := range []string{"labels.go", "table.go", "workloads_test.go"} {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Contains(t, string(source), blocks[i][1], file)
	}
}
