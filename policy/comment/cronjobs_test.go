package comment

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"ecommerce-platform/policy/cronjob"
	"ecommerce-platform/policy/placement"
	"ecommerce-platform/policy/report"
)

func TestCommentTellsWhereRunsOfCronJobsLand(t *testing.T) {
	assert.Empty(t, cronJobs(&report.Report{}))
	text := cronJobs(&report.Report{CronJobs: []cronjob.Run{
		{
			TierPlacement:  placement.TierPlacement{Tier: "backup", Replicas: 1, PerNode: map[string]int{"worker-node-1": 1}},
			WithoutDrained: []string{"worker-node-1"}, WithoutLost: []string{"control-plane", "worker-node-1"}, PerhapsLost: []string{"worker-node-2"},
		},
		{TierPlacement: placement.TierPlacement{Tier: "report", Replicas: 2, Pending: 2, Reasons: []string{"2 Insufficient cpu."}}},
	}})
	assert.Contains(t, text, "a run of 1 of 2 finds its nodes")
	assert.Contains(t, text, "backup | worker-node-1 1 | ✅ | worker-node-1 | control-plane, worker-node-1, worker-node-2 (perhaps)")
	assert.Contains(t, text, "report |  | ❌ 2 of 2 pods pending: 2 Insufficient cpu.")
}
