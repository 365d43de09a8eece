package review

import (
	"context"
	"fmt"

	"ecommerce-platform/policy/cronjob"
	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/placement"
	"ecommerce-platform/policy/report"
	"ecommerce-platform/policy/rollout"
	"ecommerce-platform/policy/update"
)

// Bounds of the work, in pods times nodes: how many courses are tried, where that leaves time for them, and when none is but the usual one.
const (
	courses = 32
	fewest  = 4
	work    = 20_000
	tried   = 5_000
)

// ways goes with a change through one course of the cluster after the other, on the same schedulers.
type ways struct {
	runs Running
	// pods are those of the running cluster, if somebody has asked it.
	pods *observed
	// running is nil on a new cluster.
	running, stack *placement.Simulation
	count          int
}

// course is where a change ends in one course of the cluster.
type course struct {
	number           int
	running, settled *placement.Simulation
	update           *update.Update
}

// findWays returns nil where there is nothing to place or nowhere.
func findWays(ctx context.Context, runs Running, before, stack *model.Stack) (*ways, error) {
	w := &ways{runs: runs}
	var err error
	if w.stack, err = placement.Prepare(ctx, stack, placement.NewCourse(0)); err != nil || w.stack == nil {
		return nil, err
	}
	if before != nil {
		if w.running, err = placement.Prepare(ctx, before, placement.NewCourse(0)); err != nil {
			return nil, err
		}
		if w.pods, err = runs.ask(ctx); err != nil {
			return nil, err
		}
	}
	usual, err := w.settle(0)
	if err != nil {
		return nil, err
	}
	pods, nodes := len(usual.settled.Outcomes), len(stack.Members())
	switch size := pods * nodes; {
	case size > tried:
		stack.NotEvaluatedFact(fmt.Sprintf(
			"other orders of pods, and other choices among equal nodes: with %d pods on %d nodes they are too many to try", pods, nodes))
		w.count = 1
	default:
		w.count = min(courses, max(fewest, work/max(1, size)))
	}
	return w, nil
}

// settle goes one course: where nothing runs before, on a new cluster. What an earlier one has settled is of no use any more.
func (w *ways) settle(number int) (c course, err error) {
	c = course{number: number, update: &update.Update{}}
	if c.settled, err = w.stack.In(placement.NewCourse(number)); err != nil {
		return c, err
	}
	if w.running == nil {
		return c, c.settled.Settle()
	}
	if c.running, err = w.running.In(placement.NewCourse(number)); err != nil {
		return c, err
	}
	if err = c.running.Settle(); err != nil {
		return c, err
	}
	if w.pods != nil {
		if err = c.running.Observe(w.pods.nodes, w.pods.pods); err != nil {
			return c, err
		}
	}
	for _, gap := range c.running.Stack.Unevaluated() {
		gap.Running = true
		c.settled.Stack.AddGap(gap)
	}
	c.update, err = update.Settle(c.running, c.settled)
	return c, err
}

// shown is the course that the report tells of: the first one in which the change works, the usual one where there is none.
func (w *ways) shown() (course, error) {
	for number := range w.count {
		c, err := w.settle(number)
		if err != nil || !c.fails() {
			return c, err
		}
	}
	return w.settle(0)
}

// faults are what the change itself runs into, but for rollouts.
func (c course) faults() []Finding {
	faults := append(pending(c.settled, c.update.Rollouts), held(c.update.Nodes)...)
	return append(append(faults, ended(c.update.Nodes)...), awaited(c.settled, c.update.Waits)...)
}

func (c course) fails() bool {
	return len(c.faults()) > 0 || len(stuck(c.update.Rollouts)) > 0
}

// otherCourses looks for what works in one course and does not where pods come in another order, or get another of equal nodes. A change
// that works in none has nothing to compare with.
func (r *Review) otherCourses(w *ways, shown course) error {
	if shown.fails() {
		return nil
	}
	said := false
	for number := range w.count {
		if number == shown.number {
			continue
		}
		c, err := w.settle(number)
		if err != nil {
			return err
		}
		if faults := append(c.faults(), stuck(c.update.Rollouts)...); !said && len(faults) > 0 {
			said = true
			r.findings[report.AnyOrder] = append(r.findings[report.AnyOrder], Finding{Resource: faults[0].Resource, Message: "it depends on the order in which pods come, or on which of equal nodes they get: " + faults[0].Message})
		}
		rollouts, err := rollout.Analyze(c.settled, c.update.Rollouts...)
		if err != nil {
			return err
		}
		drained, err := drains(c.settled)
		if err != nil {
			return err
		}
		runs, err := cronjob.Analyze(c.settled)
		if err != nil {
			return err
		}
		r.doubtRollouts(rollouts)
		r.doubtDrains(drained)
		r.doubtRuns(runs)
	}
	return nil
}

// drains are those of each node, with how long each takes a database away.
func drains(s *placement.Simulation) ([]rollout.Drain, error) {
	found, err := rollout.Drains(s)
	if err != nil {
		return nil, err
	}
	return found, update.Estimate(found)
}

// doubtRollouts notes which rollouts complete in one course alone. A row is of a course in which the rollout completes, if there is one, and
// tells how few pods are ready in the worst one of those.
func (r *Review) doubtRollouts(others []rollout.Rollout) {
	for i := range r.Report.Rollouts {
		here := &r.Report.Rollouts[i]
		for _, other := range others {
			switch {
			case other.URN != here.URN:
			case here.Completes && other.Completes:
				here.Lowest = min(here.Lowest, other.Lowest)
			case here.Completes && here.Doubt == "":
				here.Doubt = other.Stuck
			case other.Completes:
				other.Doubt = here.Stuck
				*here = other
			}
		}
	}
}

// doubtDrains notes which drains complete in one course alone.
func (r *Review) doubtDrains(others []rollout.Drain) {
	for i := range r.Report.Drains {
		here := &r.Report.Drains[i]
		for _, other := range others {
			switch {
			case other.Node != here.Node:
			case here.Completes && !other.Completes && here.Doubt == "":
				here.Doubt = other.Blocked[0].Reason
			case !here.Completes && other.Completes:
				other.Doubt = here.Blocked[0].Reason
				*here = other
			}
		}
	}
}
