package report

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"ecommerce-platform/policy/cost"
	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/nodeloss"
	"ecommerce-platform/policy/placement"
	"ecommerce-platform/policy/rollout"
	"ecommerce-platform/policy/update"
)

func TestVerdict(t *testing.T) {
	for name, c := range map[string]struct {
		report  Report
		verdict string
	}{
		"nothing found":                     {Report{}, Works},
		"advice does not change it":         {Report{Violations: []Violation{{Level: Advisory}}}, Works},
		"what is unknown is no pass":        {Report{NotEvaluated: []model.Gap{{Fact: "a"}}}, Partly},
		"a mandatory violation outranks it": {Report{NotEvaluated: []model.Gap{{Fact: "a"}}, Violations: []Violation{{Level: Mandatory}}}, Fails},
	} {
		t.Run(name, func(t *testing.T) {
			c.report.Conclude()
			assert.Equal(t, c.verdict, c.report.Verdict)
		})
	}
}

func TestText(t *testing.T) {
	r := Report{
		Placement: Placement{
			Nodes: []placement.NodeUse{
				{Node: "w1", Role: "worker", Pods: 3, CPU: 500, AllocatableCPU: 2000, Memory: 100, AllocatableMemory: 400},
				{Node: "w2", Role: "worker", Pods: 1, CPU: 10},
			},
			Tiers: []placement.TierPlacement{{
				Tier: "cache", Replicas: 3, PerNode: map[string]int{"w1": 1, "w2": 1}, Pending: 1,
				Reasons: []string{"0/2 nodes are available."}, Preferences: []string{"node disk In [ssd] (weight 1)"},
			}},
		},
		Rollouts: []rollout.Rollout{{Tier: "cache", Strategy: "Recreate", Replicas: 3, Stuck: "0/2 nodes are available."}},
		Drains:   []rollout.Drain{{Node: "w1", Completes: true}},
		NodeLoss: []nodeloss.Loss{{Node: "w1", DataLost: []string{"volume v"}, Tiers: []nodeloss.TierLoss{
			{Tier: "cache", StaysUp: 1, Moves: 1}, {Tier: "shop", Pending: 2},
		}}},
		NotEvaluated: []model.Gap{{Fact: "capacity of node w2: its machine is in another stack"}},
	}
	r.Conclude()
	assert.Equal(t, `Works, as far as a preview can know.

Verdict: works, not everything could be evaluated

Where pods land, on a new cluster (kube-scheduler, default profile)
  tier   pods  w1  w2  pending
  cache  3     1   1   1
  cache: 1 pending: 0/2 nodes are available.
  cache prefers what it cannot have: node disk In [ssd] (weight 1)

What nodes give (system pods included, allocatable is an estimate)
  node  pods  CPU requested       memory requested
  w1    3     500 of 2000m (25%)  100 of 400 MiB (25%)
  w2    1     10m of ?            0 MiB of ?

Rollouts, on a new cluster
  tier   strategy  completes  lowest available
  cache  Recreate  NO         0 of 3
  cache is stuck: 0/2 nodes are available.

Draining a node, on a new cluster (kubectl drain)
  node  drains
  w1    yes

Losing a node for good, on a new cluster
  node lost  stays up  moves    stays pending  data lost
  w1         cache 1   cache 1  shop 2 (down)  volume v

Not evaluated, because the preview cannot know it yet
  not evaluated: capacity of node w2: its machine is in another stack
`, r.Text())
}

func TestTheSameGapOfManyResourcesIsOneLine(t *testing.T) {
	r := Report{NotEvaluated: []model.Gap{{Type: "a:b:C", Name: "one", Path: "url, two others"}}}
	for _, name := range []string{"c1", "c2", "c3", "c4"} {
		r.NotEvaluated = append(r.NotEvaluated, model.Gap{Type: "command:remote:Command", Name: name, Path: "create"})
	}
	r.NotEvaluated = append(r.NotEvaluated, model.Gap{Type: "command:remote:Command", Name: "c1", Path: "create", Running: true},
		model.Gap{Fact: "reachability: this stack holds no machines"}, model.Gap{Fact: "reachability: this stack holds no machines"})
	assert.Equal(t, []string{
		"a:b:C one url, two others",
		"command:remote:Command create, c1, c2, c3, c4 (4 resources)",
		"what runs: command:remote:Command c1 create",
		"reachability: this stack holds no machines", "reachability: this stack holds no machines",
	}, r.gapLines())
}

func TestTheSentenceSaysVerdictEffectAndCost(t *testing.T) {
	priced := cost.Estimate{Monthly: 152.15, Currency: "USD", Items: []cost.Item{{What: "t3.medium"}}}
	base := &Report{Cost: cost.Estimate{Monthly: 121.78}}
	for name, c := range map[string]struct {
		report Report
		base   *Report
		says   string
	}{
		"a new cluster": {
			Report{Baseline: NewCluster, Cost: priced}, nil,
			"Works. Nothing is deployed yet, so no client loses anything. 152.15 USD a month.",
		},
		"a change that nobody notices": {
			Report{Baseline: Runs, Cost: priced}, base, "Works. Clients lose nothing. 152.15 USD a month, +30.37.",
		},
		"a tier away": {
			Report{Baseline: Runs, Cost: priced, Outages: []update.Outage{
				{Tier: "frontend", While: "worker-node-1 is drained and upgraded", Until: "the node is back"},
				{Tier: "search", While: "it rolls", Until: "its pods have started"},
			}}, &Report{Cost: priced},
			"Works. The shop's page is away while worker-node-1 is drained and upgraded, until the node is back; " +
				"search has no ready pod while it rolls, until its pods have started. 152.15 USD a month, as before.",
		},
		"broken policies": {
			Report{Violations: []Violation{{Rule: "b", Level: Mandatory}, {Rule: "b", Level: Mandatory}, {Rule: "a", Level: Advisory}}},
			nil, "Does not work: b.",
		},
		"what is not known": {Report{NotEvaluated: []model.Gap{{Fact: "a"}}}, nil, "Works, as far as a preview can know."},
		"something without a price, and less": {
			Report{Cost: cost.Estimate{Monthly: 100, Currency: "USD", Unpriced: []string{"x"}}}, base, "Works. At least 100.00 USD a month, -21.78.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.report.Conclude()
			assert.Equal(t, c.says, c.report.Summary(c.base))
		})
	}
}
