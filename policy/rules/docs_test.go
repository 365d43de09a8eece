package rules_test

import (
	"flag"
	"fmt"
	"os"
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

var mapped = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (covered|not applicable|waived) \\| (.+) \\|$")

// Analyses that are policies of the pack as well.
var analyses = []string{"placement", "rollout", "drain", "node-loss", "reachability"}

func TestPagesMapTheChecksOfOthers(t *testing.T) {
	known := map[string]bool{}
	for _, name := range analyses {
		known[name] = true
	}
	for _, rule := range rules.All {
		known[rule.Name] = true
	}
	page, err := os.ReadFile(policies)
	require.NoError(t, err)
	for tool, list := range map[string]string{"kube-score": "kube-score-1.20.0.txt", "polaris": "polaris.txt"} {
		_, text, _ := between(t, string(page), tool)
		checks, err := os.ReadFile("testdata/" + list)
		require.NoError(t, err)
		var listed []string
		rows := mapped.FindAllStringSubmatch(text, -1)
		for _, row := range rows {
			listed = append(listed, row[1])
			assert.NotEmpty(t, row[3], row[1])
			if row[2] == "covered" {
				first := regexp.MustCompile("`([^`]+)`").FindStringSubmatch(row[3])
				if assert.NotNil(t, first, "%s: covered by what", row[1]) {
					assert.True(t, known[first[1]], "%s: no rule %s", row[1], first[1])
				}
			}
		}
		assert.Equal(t, strings.Fields(string(checks)), listed, tool)
		assert.Len(t, rows, strings.Count(text, "\n")-2, "a row of %s is malformed", tool)
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
