package report

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"ecommerce-platform/policy/cronjob"
	"ecommerce-platform/policy/placement"
)

func TestTextTellsWhereRunsOfCronJobsLand(t *testing.T) {
	r := Report{
		Verdict:   Works,
		Placement: Placement{Nodes: []placement.NodeUse{{Node: "worker-node-1"}, {Node: "worker-node-2"}}},
		CronJobs: []cronjob.Run{
			{
				TierPlacement: placement.TierPlacement{Tier: "backup", Replicas: 1, PerNode: map[string]int{"worker-node-1": 1}},
				Doubt:         "1 Insufficient memory.", WithoutDrained: []string{"worker-node-1"}, WithoutLost: []string{"control-plane", "worker-node-1"},
				PerhapsDrained: []string{"worker-node-2"},
			},
			{
				TierPlacement: placement.TierPlacement{
					Tier: "report", Replicas: 3, Pending: 1, PerNode: map[string]int{"worker-node-1": 1, "worker-node-2": 1}, Reasons: []string{"2 Insufficient cpu."},
				},
				Preempts: []string{"redis"},
			},
		},
	}
	assert.Contains(t, r.Text(), `
Where a run of each CronJob lands, each alone, on a new cluster
  CronJob  pods  worker-node-1  worker-node-2  pending  waits while drained                     waits without
  backup   1     1              -              -        worker-node-1, worker-node-2 (perhaps)  control-plane, worker-node-1
  report   3     1              1              1        -                                       -
  backup MAY NOT run: 1 Insufficient memory.
  report: 1 pending: 2 Insufficient cpu.
  report preempts pods of redis, which then find no node
`)
	assert.Equal(t, "CronJobs whose runs wait for a node then: report.", r.RunEffect())
	r.Verdict = ""
	assert.Contains(t, r.Text(), `
  CronJob  pods  worker-node-1  worker-node-2  pending
  backup   1     1              -              -
`, "what if a node goes says nothing of another one")
	r.Redact(func(string) string { return "hidden" })
	assert.Equal(t, []string{"hidden"}, r.CronJobs[1].Reasons)
	assert.Equal(t, "hidden", r.CronJobs[0].Doubt)
	r.CronJobs = r.CronJobs[:1]
	assert.Empty(t, r.RunEffect())
}
