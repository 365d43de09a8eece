// Package monitoring holds the platform's alert rules and dashboards against the parser and the evaluator that read them.
package monitoring

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metricsql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"ecommerce-platform/tests/lab/toolchain"
)

// The parts of a file of rules that are used.
// https://docs.victoriametrics.com/victoriametrics/vmalert/#alerting-rules
type (
	ruleFile  struct{ Groups []ruleGroup }
	ruleGroup struct {
		Name, Interval string
		Rules          []rule
	}
	rule struct {
		Alert, Expr, For    string
		Labels, Annotations map[string]string
	}
)

// watched is a directory of the package that watches the platform.
func watched(t *testing.T, directory, pattern string) []string {
	t.Helper()
	path, err := toolchain.Source("..", "..", "workloads", "monitoring", directory)
	require.NoError(t, err)
	paths, err := filepath.Glob(filepath.Join(path, pattern))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	return paths
}

func rulePaths(t *testing.T) []string {
	t.Helper()
	return watched(t, "rules", "*.yaml")
}

// rules are all of them, by the name of their group.
func rules(t *testing.T) map[string][]rule {
	t.Helper()
	all := map[string][]rule{}
	for _, path := range rulePaths(t) {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		var file ruleFile
		require.NoError(t, yaml.UnmarshalStrict(text, &file), path)
		require.Len(t, file.Groups, 1, path)
		group := file.Groups[0]
		assert.Equal(t, strings.TrimSuffix(filepath.Base(path), ".yaml"), group.Name, "the group is named as its file")
		assert.Equal(t, interval, group.Interval, path)
		all[group.Name] = group.Rules
	}
	return all
}

func TestRules(t *testing.T) {
	page, err := toolchain.Source("..", "..", "docs", "alerts.md")
	require.NoError(t, err)
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	sections := map[string]bool{}
	for _, heading := range regexp.MustCompile(`(?m)^### (\w+)$`).FindAllStringSubmatch(string(text), -1) {
		sections[strings.ToLower(heading[1])] = true
	}
	names, raised := map[string]bool{}, map[string]bool{}
	for _, fault := range faults {
		for _, alert := range fault.alerts {
			raised[alert] = true
		}
	}
	for group, rules := range rules(t) {
		for _, r := range rules {
			t.Run(r.Alert, func(t *testing.T) {
				assert.False(t, names[r.Alert], "the name is taken")
				names[r.Alert] = true
				assert.Contains(t, []string{"critical", "warning"}, r.Labels["severity"])
				assert.NotEmpty(t, r.Annotations["summary"])
				assert.NotEmpty(t, r.Annotations["description"])
				anchor := strings.ToLower(r.Alert)
				assert.Equal(t, "docs/alerts.md#"+anchor, r.Annotations["runbook_url"])
				assert.True(t, sections[anchor], "docs/alerts.md has no section on it")
				assert.True(t, raised[r.Alert], "no fault of %s raises it", group)
				_, err := metricsql.Parse(r.Expr)
				require.NoError(t, err)
				delete(sections, anchor)
			})
		}
	}
	assert.Empty(t, sections, "sections of alerts that there are not")
}

// TestRulesAgree holds the templates of expressions against each other: what a name stands for in one rule, it does in all.
func TestRulesAgree(t *testing.T) {
	template := regexp.MustCompile(`(?m)^  (\w+) = `)
	meanings := map[string]string{}
	for _, group := range rules(t) {
		for _, r := range group {
			text, found := strings.CutPrefix(r.Expr, "WITH (\n")
			if !found {
				continue
			}
			text, _, found = strings.Cut(text, "\n)\n")
			require.True(t, found, r.Alert)
			starts := template.FindAllStringSubmatchIndex(text, -1)
			require.NotEmpty(t, starts, r.Alert)
			for i, at := range starts {
				end := len(text)
				if i+1 < len(starts) {
					end = starts[i+1][0]
				}
				name, meaning := text[at[2]:at[3]], strings.TrimSuffix(strings.TrimSpace(text[at[1]:end]), ",")
				if meanings[name] == "" {
					meanings[name] = meaning
				}
				assert.Equal(t, meanings[name], meaning, "%s of %s", name, r.Alert)
			}
		}
	}
	assert.Contains(t, meanings, "down")
}

// TestVmalertTakesTheRules has vmalert read the files as it does when it starts, templates of annotations included.
func TestVmalertTakesTheRules(t *testing.T) {
	vmalert, err := toolchain.Tool(t.Context(), "vmalert")
	require.NoError(t, err)
	command := []string{vmalert, "-dryRun"}
	for _, path := range rulePaths(t) {
		command = append(command, "-rule="+path)
	}
	_, err = toolchain.Run(t.Context(), command...)
	require.NoError(t, err)
}
