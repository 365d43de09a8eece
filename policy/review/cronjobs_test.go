package review

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"ecommerce-platform/policy/cronjob"
	"ecommerce-platform/policy/placement"
)

// runOf is a run of the CronJob of that URN, of three pods, so many of which find no node.
func runOf(urn string, pending int, reasons ...string) cronjob.Run {
	return cronjob.Run{TierPlacement: placement.TierPlacement{
		Tier: "report", Kind: "CronJob", URN: urn, Replicas: 3, Pending: pending, Reasons: reasons,
	}}
}

func TestARunThatDoesNotStartIsAFindingOfItsCronJob(t *testing.T) {
	const (
		fit  = "; change what the pod asks for, or add or change a node that has it"
		room = "; give nodes more room, or the class preemptionPolicy: Never"
	)
	refused := runOf("urn", 1, "exceeded quota.")
	refused.Refused, refused.RefusedBy = 1, []string{"ResourceQuota"}
	preempting := runOf("urn", 0)
	preempting.Preempts = []string{"backend", "redis"}
	both := runOf("urn", 1, "3 Insufficient cpu.")
	both.Preempts = []string{"redis"}
	doubtful := runOf("urn", 0)
	doubtful.Doubt = "3 Insufficient cpu."
	held := runOf("urn", 0)
	held.WithoutDrained, held.WithoutLost = []string{"worker-node-1"}, []string{"control-plane", "worker-node-1"}
	for name, c := range map[string]struct {
		run  cronjob.Run
		says []string
	}{
		"one that finds its nodes is none":        {runOf("urn", 0), nil},
		"nor one that may not":                    {doubtful, nil},
		"nor one that waits while a node is away": {held, nil},
		"a pod without a node": {runOf("urn", 2, "3 Insufficient cpu."), []string{
			"cronjob report: 2 of 3 pods of a run stay Pending, the scheduler says: 3 Insufficient cpu." + fit,
		}},
		"a pod that is never made": {refused, []string{
			"cronjob report: 1 of 3 pods of a run are never made: exceeded quota.; ask for what the ResourceQuota allows, or change that",
		}},
		"pods of others that lose their node to the run": {preempting, []string{
			"cronjob report: pods of a run preempt pods of backend, redis, which then find no node" + room,
		}},
		"and both": {both, []string{
			"cronjob report: 1 of 3 pods of a run stay Pending, the scheduler says: 3 Insufficient cpu." + fit,
			"cronjob report: pods of a run preempt pods of redis, which then find no node" + room,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var says []string
			for _, finding := range unstarted([]cronjob.Run{c.run}) {
				assert.Equal(t, "urn", finding.Resource)
				says = append(says, finding.Message)
			}
			assert.Equal(t, c.says, says)
		})
	}
	findings := unstarted([]cronjob.Run{runOf("first", 1), runOf("second", 0), runOf("third", 1)})
	if assert.Len(t, findings, 2) {
		assert.Equal(t, "first", findings[0].Resource)
		assert.Equal(t, "third", findings[1].Resource)
	}
}

func TestARunThatFindsItsNodesInOneCourseIsNotSaidToWait(t *testing.T) {
	doubtful := func(run cronjob.Run, why string) cronjob.Run {
		run.Doubt = why
		return run
	}
	preempting := func(run cronjob.Run) cronjob.Run {
		run.Preempts = []string{"redis"}
		return run
	}
	const preempts = "it preempts pods of redis, which then find no node"
	r := &Review{}
	r.Report.CronJobs = []cronjob.Run{
		runOf("leaves others theirs here", 0), preempting(runOf("leaves others theirs elsewhere", 0)), preempting(runOf("never leaves others theirs", 0)),
		runOf("here alone", 0), runOf("elsewhere alone", 1, "no room.", "no disk."), runOf("everywhere", 0), runOf("nowhere", 2, "no room."), runOf("this course alone", 0),
	}
	r.doubtRuns([]cronjob.Run{
		preempting(runOf("leaves others theirs here", 0)), runOf("leaves others theirs elsewhere", 0), preempting(runOf("never leaves others theirs", 0)),
		runOf("nowhere", 1, "another reason."), runOf("here alone", 1, "no room.", "no disk."), runOf("everywhere", 0), runOf("elsewhere alone", 0),
	})
	want := []cronjob.Run{
		doubtful(runOf("leaves others theirs here", 0), preempts), doubtful(runOf("leaves others theirs elsewhere", 0), preempts),
		preempting(runOf("never leaves others theirs", 0)),
		doubtful(runOf("here alone", 0), "no room. no disk."), doubtful(runOf("elsewhere alone", 0), "no room. no disk."), runOf("everywhere", 0),
		runOf("nowhere", 2, "no room."), runOf("this course alone", 0),
	}
	assert.Equal(t, want, r.Report.CronJobs)
	assert.Len(t, unstarted(r.Report.CronJobs), 2, "what works in one course is no finding")

	r.doubtRuns([]cronjob.Run{runOf("here alone", 3, "a later reason."), runOf("elsewhere alone", 1, "a later reason.")})
	assert.Equal(t, want, r.Report.CronJobs, "the first reason is kept")
}

func TestANodeWithoutWhichARunWaitsInOneCourseAloneIsCalledDoubtful(t *testing.T) {
	without := func(pending int, drained, lost, perhapsDrained, perhapsLost []string) cronjob.Run {
		run := runOf("urn", pending)
		run.WithoutDrained, run.WithoutLost, run.PerhapsDrained, run.PerhapsLost = drained, lost, perhapsDrained, perhapsLost
		return run
	}
	r := &Review{}
	r.Report.CronJobs = []cronjob.Run{without(0, []string{"a", "b"}, []string{"a", "c"}, nil, nil)}
	for _, step := range []struct {
		name        string
		other, want cronjob.Run
	}{
		{
			"the same nodes", without(0, []string{"b", "a"}, []string{"a", "c"}, nil, nil),
			without(0, []string{"a", "b"}, []string{"a", "c"}, nil, nil),
		},
		{
			"one node less, and another one", without(0, []string{"b"}, []string{"a", "b", "c"}, nil, nil),
			without(0, []string{"b"}, []string{"a", "c"}, []string{"a"}, []string{"b"}),
		},
		{
			"no node", without(0, nil, []string{"a", "c"}, nil, nil),
			without(0, nil, []string{"a", "c"}, []string{"a", "b"}, []string{"b"}),
		},
		{
			"a doubtful one again", without(0, []string{"a"}, []string{"a", "c"}, nil, nil),
			without(0, nil, []string{"a", "c"}, []string{"a", "b"}, []string{"b"}),
		},
	} {
		r.doubtRuns([]cronjob.Run{step.other})
		got := r.Report.CronJobs[0]
		assert.ElementsMatch(t, step.want.WithoutDrained, got.WithoutDrained, step.name)
		assert.ElementsMatch(t, step.want.WithoutLost, got.WithoutLost, step.name)
		assert.ElementsMatch(t, step.want.PerhapsDrained, got.PerhapsDrained, step.name)
		assert.ElementsMatch(t, step.want.PerhapsLost, got.PerhapsLost, step.name)
	}
	r.doubtRuns([]cronjob.Run{without(1, nil, nil, nil, nil)})
	assert.Equal(t, []string{"a", "c"}, r.Report.CronJobs[0].WithoutLost, "a run that waits with every node says nothing of one less")
}
