package comment

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/nodeloss"
	"ecommerce-platform/policy/report"
	"ecommerce-platform/policy/review"
	"ecommerce-platform/policy/rollout"
	"ecommerce-platform/policy/update"
)

var rewrite = flag.Bool("update", false, "rewrite the golden files")

// links are those of a repository on GitHub.
var links = Links{Docs: "https://github.com/owner/shop/blob/main/docs"}

// reviewed is the report of the dev stack, made once.
var reviewed []byte

// previewed is what a preview of the dev stack left behind.
func previewed(t *testing.T) *Preview {
	t.Helper()
	if reviewed == nil {
		r := review.Of(t.Context(), modeltest.Resources(t, "dev-preview.json"), review.Running{})
		var err error
		reviewed, err = json.Marshal(r.Report)
		require.NoError(t, err)
	}
	p := &Preview{}
	var err error
	p.Report, err = report.Decode(reviewed)
	require.NoError(t, err)
	body, err := os.ReadFile(filepath.Join("testdata", "plan.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(body, &p.Plan))
	return p
}

func TestCommentGolden(t *testing.T) {
	dearer := previewed(t)
	dearer.Plan["aws:ec2/instance:Instance worker-node-2"]["instanceType"] = `"t3.large"`
	dearer.Report.Cost.Monthly += 35.04

	stuck := previewed(t)
	stuck.Report.Violations = append(stuck.Report.Violations, report.Violation{
		Rule: "rollout", Level: report.Mandatory, Resource: "urn:pulumi:dev::shop::a:b:C$kubernetes:apps/v1:Deployment::shop-redis",
		Message: "with maxSurge 1 and maxUnavailable 0 the rollout cannot finish; set maxSurge 0, maxUnavailable 1",
	})
	stuck.Report.Conclude()
	stuck.Report.Rollouts[0].Completes, stuck.Report.Rollouts[0].Stuck = false, "0/3 nodes are available: a surge pod fits on none"
	delete(stuck.Plan, "kubernetes:policy/v1:PodDisruptionBudget shop-redis")
	stuck.Plan["kubernetes:core/v1:ConfigMap more"] = map[string]string{"data.a": `"b"`}

	broken := &Preview{Output: "error: nodes[1].privateIp \"172.31.18.239\": outside subnetCidr \"172.31.0.0/20\"\nverdict  failed\n"}

	worker := previewed(t)
	worker.Report.Baseline, worker.Report.Update = report.Runs, []update.NodeChange{
		{Node: "worker-node-2", What: "is drained, stopped and changed", Pending: map[string]int{"postgres": 1, "backend": 3},
			Blocked: []rollout.Blocked{{Reason: "budget postgres wants 1 of 1 pods ready, 1 are: it allows no eviction"}}},
		{Node: "worker-node-3", What: "joins"},
	}
	worker.Report.Rollouts[0].Now = true
	worker.Report.Outages = []update.Outage{{Tier: "postgres", While: "worker-node-2 is drained, stopped and changed", Until: "the node is back"}}
	worker.Report.NodeLoss[1].Tiers = []nodeloss.TierLoss{{Tier: "frontend", Moves: 4}, {Tier: "redis", StaysUp: 1, Moves: 1}}

	for name, c := range map[string]struct{ head, base *Preview }{
		"change":       {worker, previewed(t)},
		"passes":       {dearer, previewed(t)},
		"fails":        {stuck, previewed(t)},
		"without-base": {previewed(t), nil},
		"broken":       {broken, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := Comment(c.head, c.base, links)
			path := filepath.Join("testdata", name+".md")
			if *rewrite {
				require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, string(want), got)
		})
	}
}

// What fits a phone's first screen is the sentence: no table that is not folded.
func TestCommentIsReadableOnAPhone(t *testing.T) {
	text := Comment(previewed(t), previewed(t), links)
	lines := strings.Split(text, "\n")
	assert.True(t, strings.HasPrefix(lines[0], "### ⚠️ Works"), "the verdict comes first")
	assert.Less(t, len(lines[0]), 160)
	depth := 0
	for _, line := range lines {
		depth += strings.Count(line, "<details>") - strings.Count(line, "</details>")
		assert.False(t, depth == 0 && strings.HasPrefix(line, "|"), "a table that is not folded: %s", line)
	}
	assert.Zero(t, depth, "every fold is closed")
}

func TestViolationsOfTheBaseAreNotNew(t *testing.T) {
	old := report.Violation{Rule: "a", Level: report.Advisory, Resource: "r", Message: "m"}
	fresh := report.Violation{Rule: "b", Level: report.Mandatory, Resource: "r", Message: "m"}
	text := violations(&report.Report{Violations: []report.Violation{old, fresh}}, &report.Report{Violations: []report.Violation{old}}, Links{})
	assert.Equal(t, "- ❌ **b** (new) r: m\n- ⚠️ **a** r: m", text)
}

func TestDiff(t *testing.T) {
	before := Plan{"gone": {}, "same": {"a": "1"}, "changed": {"a": "1", "b": "2"}, "null": nil}
	after := Plan{"new": {}, "same": {"a": "1"}, "changed": {"a": "3", "c": "4"}, "null": {"a": "1"}}
	kept := maps.Clone(before)
	assert.Equal(t, []Change{
		{"~", "changed", []PropertyChange{{"a", "1", "3"}, {"b", "2", ""}, {"c", "", "4"}}},
		{Op: "-", Resource: "gone"},
		{Op: "+", Resource: "new"},
		{"~", "null", []PropertyChange{{"a", "", "1"}}},
	}, Diff(before, after))
	assert.Equal(t, kept, before, "the plans are left alone")
	assert.Empty(t, Diff(after, after))
}

func TestManyViolationsAreFolded(t *testing.T) {
	r := &report.Report{}
	for i := range openViolations + 2 {
		r.Violations = append(r.Violations, report.Violation{Rule: string(rune('a' + i)), Level: report.Advisory, Message: "m"})
	}
	open, folded, found := strings.Cut(violations(r, nil, Links{}), "<details><summary>2 more</summary>")
	require.True(t, found)
	assert.Equal(t, openViolations, strings.Count(open, "- ⚠️"))
	assert.Equal(t, 2, strings.Count(folded, "- ⚠️"))
}

func TestShortName(t *testing.T) {
	assert.Equal(t, "Deployment shop-redis", shortName("urn:pulumi:dev::shop::a:b:C$kubernetes:apps/v1:Deployment::shop-redis"))
	assert.Equal(t, "nodes", shortName("nodes"))
}

func TestACommentIsNotLongerThanGitHubTakes(t *testing.T) {
	head, base := previewed(t), previewed(t)
	for i := range 400 {
		head.Report.Violations = append(head.Report.Violations, report.Violation{Rule: "a", Level: report.Advisory, Message: strings.Repeat("m", 1000)})
		head.Plan[fmt.Sprintf("a:b:%s %d", strings.Repeat("C", 500), i)] = map[string]string{}
	}
	text := Comment(head, base, links)
	assert.Less(t, len(text), 65536)
	assert.Contains(t, text, fmt.Sprintf("- and %d more\n", len(head.Report.Violations)-58))
	assert.Contains(t, text, "1 part left out")
	assert.Equal(t, strings.Count(text, "<details>"), strings.Count(text, "</details>"))
}

func TestWhatIsWaivedStaysInTheComment(t *testing.T) {
	head := &Preview{Report: &report.Report{Verdict: report.Works, Waived: []report.Waived{{
		Violation: report.Violation{Rule: "image-tag", Level: report.Mandatory, Resource: "urn:pulumi:dev::shop::kubernetes:apps/v1:Deployment::shop-backend", Message: "latest."},
		Reason:    "nightly @builds", Decided: "2026-11-30", Expires: "2027-01-31",
	}}}}
	text := Comment(head, nil, Links{})
	assert.Contains(t, text, "<summary>Waived: 1 finding</summary>")
	assert.Contains(t, text, "image-tag of Deployment shop-backend: latest. Because: nightly @\u200bbuilds (decided 2026-11-30, until 2027-01-31)")
}
