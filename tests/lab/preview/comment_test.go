package preview

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// captured is what a preview of the dev stack left behind.
func captured(t *testing.T) *Found {
	t.Helper()
	found, err := Read(filepath.Join("testdata", "dev"))
	require.NoError(t, err)
	require.NotNil(t, found.Report)
	return found
}

func TestCommentGolden(t *testing.T) {
	dearer := captured(t)
	dearer.Plan["aws:ec2/instance:Instance worker-node-2"]["instanceType"] = `"t3.large"`
	dearer.Report.Cost.Monthly += 35.04

	stuck := captured(t)
	stuck.Report.Verdict = "does not work"
	stuck.Report.Violations = append(stuck.Report.Violations, Violation{
		Rule: "rollout", Level: mandatory, Resource: "kubernetes:apps/v1:Deployment shop-redis",
		Message: "with maxSurge 1 and maxUnavailable 0 the rollout cannot finish; set maxSurge 0, maxUnavailable 1",
	})
	stuck.Report.Rollouts[0].Completes, stuck.Report.Rollouts[0].Stuck = false, "0/3 nodes are available: a surge pod fits on none"
	delete(stuck.Plan, "kubernetes:policy/v1:PodDisruptionBudget shop-redis")
	stuck.Plan["kubernetes:core/v1:ConfigMap more"] = map[string]string{"data.a": `"b"`}

	broken := &Found{Output: "error: nodes[1].privateIp \"172.31.18.239\": outside subnetCidr \"172.31.0.0/20\"\nverdict  failed\n"}

	worker := captured(t)
	worker.Report.Baseline, worker.Report.Update = runs, []NodeChange{
		{Node: "worker-node-2", What: "is drained, stopped and changed", Pending: map[string]int{"postgres": 1, "backend": 3},
			Blocked: []Blocked{{Reason: "budget postgres wants 1 of 1 pods ready, 1 are: it allows no eviction"}}},
		{Node: "worker-node-3", What: "joins"},
	}
	worker.Report.Rollouts[0].Now = true
	worker.Report.Outages = []Outage{{Tier: "postgres", While: "worker-node-2 is drained, stopped and changed", Until: "the node is back"}}
	worker.Report.NodeLoss[1].Tiers = []TierLoss{{Tier: "frontend", Moves: 4}, {Tier: "redis", StaysUp: 1, Moves: 1}}

	for name, c := range map[string]struct{ head, base *Found }{
		"change":       {worker, captured(t)},
		"passes":       {dearer, captured(t)},
		"fails":        {stuck, captured(t)},
		"without-base": {captured(t), nil},
		"broken":       {broken, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := Comment(c.head, c.base)
			path := filepath.Join("testdata", name+".md")
			if *update {
				require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, string(want), got)
		})
	}
}

// What fits a phone's first screen is the verdict and the cost: short lines, no table that is not folded.
func TestCommentIsReadableOnAPhone(t *testing.T) {
	text := Comment(captured(t), captured(t))
	lines := strings.Split(text, "\n")
	assert.True(t, strings.HasPrefix(lines[0], "### "), "the verdict comes first")
	assert.Less(t, len(lines[0]), 160)
	assert.True(t, strings.HasPrefix(lines[2], "**Cost** "), "then what it costs")
	depth := 0
	for _, line := range lines {
		depth += strings.Count(line, "<details>") - strings.Count(line, "</details>")
		assert.False(t, depth == 0 && strings.HasPrefix(line, "|"), "a table that is not folded: %s", line)
	}
	assert.Zero(t, depth, "every fold is closed")
}

func TestCommentIsText(t *testing.T) {
	head := captured(t)
	head.Report.Violations = []Violation{{
		Rule: "rule", Level: mandatory, Resource: "a|b", Message: "</details><img src=x> `code` [link](http://x)\n# heading",
	}}
	head.Plan["x"] = map[string]string{"value": "````\n</details>"}
	text := Comment(head, captured(t))
	t.Run("markup of a message is shown, not read", func(t *testing.T) {
		assert.Contains(t, text, `a\|b: &lt;/details&gt;&lt;img src=x&gt; 'code' \[link](http://x) # heading`)
	})
	t.Run("a value cannot end the block it is in", func(t *testing.T) {
		base := captured(t)
		base.Plan["x"] = map[string]string{"value": "other"}
		assert.Contains(t, Comment(head, base), "`````diff\n")
	})
}

func TestCostDifference(t *testing.T) {
	for name, c := range map[string]struct {
		more float64
		want string
	}{
		"more":      {35.04, ", **$35.04 more** than before"},
		"less":      {-7, ", **$7.00 less** than before"},
		"as before": {0.001, ", as before"},
	} {
		t.Run(name, func(t *testing.T) {
			head, base := captured(t), captured(t)
			head.Report.Cost.Monthly += c.more
			assert.True(t, strings.HasSuffix(costLine(head.Report, base), c.want), costLine(head.Report, base))
		})
	}
}

func TestViolationsOfTheBaseAreNotNew(t *testing.T) {
	old := Violation{Rule: "a", Level: "advisory", Resource: "r", Message: "m"}
	fresh := Violation{Rule: "b", Level: mandatory, Resource: "r", Message: "m"}
	text := violations(&Report{Violations: []Violation{old, fresh}}, &Found{Report: &Report{Violations: []Violation{old}}})
	assert.Equal(t, "- ❌ **b** (new) r: m\n- ⚠️ **a** r: m", text)
}

func TestDiff(t *testing.T) {
	before := Plan{"gone": {}, "same": {"a": "1"}, "changed": {"a": "1", "b": "2"}}
	after := Plan{"new": {}, "same": {"a": "1"}, "changed": {"a": "3", "c": "4"}}
	kept := maps.Clone(before)
	assert.Equal(t, []Change{
		{"~", "changed", []PropertyChange{{"a", "1", "3"}, {"b", "2", ""}, {"c", "", "4"}}},
		{Op: "-", Resource: "gone"},
		{Op: "+", Resource: "new"},
	}, Diff(before, after))
	assert.Equal(t, kept, before, "the plans are left alone")
	assert.Empty(t, Diff(after, after))
}

func TestManyViolationsAreFolded(t *testing.T) {
	report := &Report{}
	for i := range openViolations + 2 {
		report.Violations = append(report.Violations, Violation{Rule: string(rune('a' + i)), Level: "advisory", Message: "m"})
	}
	open, folded, found := strings.Cut(violations(report, nil), "<details><summary>2 more</summary>")
	require.True(t, found)
	assert.Equal(t, openViolations, strings.Count(open, "- ⚠️"))
	assert.Equal(t, 2, strings.Count(folded, "- ⚠️"))
}

func TestGathered(t *testing.T) {
	assert.Equal(t, []string{"Command connection of 2, such as a", "Instance n instanceType", "nodes"}, gathered([]string{
		"command:remote:Command a connection", "command:remote:Command b connection", "aws:ec2/instance:Instance n instanceType", "nodes",
	}))
}

func TestShortName(t *testing.T) {
	assert.Equal(t, "Deployment shop-redis", shortName("kubernetes:apps/v1:Deployment shop-redis"))
	assert.Equal(t, "Instance worker-node-1 publicIp", shortName("aws:ec2/instance:Instance worker-node-1 publicIp"))
	assert.Equal(t, "Deployment shop-redis", shortName("urn:pulumi:dev::shop::a:b:C$kubernetes:apps/v1:Deployment::shop-redis"))
	assert.Equal(t, "nodes", shortName("nodes"))
}
