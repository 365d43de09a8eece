package review

import (
	"context"
	"fmt"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/placement"
	"ecommerce-platform/policy/report"
	"ecommerce-platform/policy/rollout"
	"ecommerce-platform/policy/update"
)

// tried bounds the work: pods times nodes of a stack whose other courses are tried.
const tried = 5_000

// course is where a change ends in one course of the cluster.
type course struct {
	settled *placement.Simulation
	update  *update.Update
}

// faults are what the change itself runs into, but for rollouts.
func (c course) faults() []Finding {
	faults := append(pending(c.settled, c.update.Rollouts), held(c.update.Nodes)...)
	return append(append(faults, ended(c.update.Nodes)...), awaited(c.settled, c.update.Waits)...)
}

// otherCourses looks for what the report says to work and does not where pods come in another order, or get another of equal nodes.
func (r *Review) otherCourses(ctx context.Context, runs Running, before, stack *model.Stack, usual course) error {
	if size := len(usual.settled.Outcomes) * len(stack.Members()); size > tried {
		stack.NotEvaluatedFact(fmt.Sprintf("other orders of pods, and other choices among equal nodes: with %d pods on %d nodes they are too many to try",
			len(usual.settled.Outcomes), len(stack.Members())))
		return nil
	}
	said := len(usual.faults()) > 0
	for number := 1; number < placement.Courses; number++ {
		_, after, done, err := settle(ctx, runs, before, stack, placement.NewCourse(number))
		if err != nil {
			return err
		}
		other := course{after, done}
		if faults := other.faults(); !said && len(faults) > 0 {
			said = true
			r.doubt(faults[0].Resource, "%s", faults[0].Message)
		}
		rollouts, err := rollout.Analyze(after, done.Rollouts...)
		if err != nil {
			return err
		}
		r.doubtRollouts(rollouts)
		drains, err := rollout.Drains(after)
		if err != nil {
			return err
		}
		r.doubtDrains(drains)
	}
	return nil
}

// doubt reports what does not work in another course.
func (r *Review) doubt(resource, format string, args ...any) {
	r.findings[report.AnyOrder] = append(r.findings[report.AnyOrder], Finding{Resource: resource, Message: fmt.Sprintf(
		"it depends on the order in which pods come, or on which of equal nodes they get: "+format, args...)})
}

// doubtRollouts notes which rollouts complete here alone, and reports those of this change.
func (r *Review) doubtRollouts(others []rollout.Rollout) {
	for i := range r.Report.Rollouts {
		here := &r.Report.Rollouts[i]
		for _, other := range others {
			if other.URN != here.URN || !here.Completes || other.Completes || here.Doubt != "" {
				continue
			}
			here.Doubt = other.Stuck
			if here.Now {
				r.doubt(here.URN, "the rollout of %s never finishes then: %s; %s", here.Tier, other.Stuck, other.Remedy)
			}
		}
	}
}

// doubtDrains notes which drains complete here alone.
func (r *Review) doubtDrains(others []rollout.Drain) {
	for i := range r.Report.Drains {
		here := &r.Report.Drains[i]
		for _, other := range others {
			if other.Node == here.Node && here.Completes && !other.Completes && here.Doubt == "" {
				here.Doubt = other.Blocked[0].Reason
			}
		}
	}
}
