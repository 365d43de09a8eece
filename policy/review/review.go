// Package review runs every analysis over a stack, once, and hands what they find to the policies and to the report.
package review

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"ecommerce-platform/policy/clients"
	"ecommerce-platform/policy/cost"
	"ecommerce-platform/policy/cronjob"
	"ecommerce-platform/policy/growth"
	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/nodeloss"
	"ecommerce-platform/policy/reach"
	"ecommerce-platform/policy/report"
	"ecommerce-platform/policy/rollout"
	"ecommerce-platform/policy/rules"
	"ecommerce-platform/policy/waiver"
)

// Finding is something wrong: the resource by URN, empty where it is the stack, and what to do.
type Finding = rules.Finding

// Review is what the analyses say of one stack.
type Review struct {
	Report report.Report
	// findings are by policy.
	findings map[string][]Finding
	// errors are analyses that did not come to an end.
	errors []Finding
}

// Findings are those of one policy.
func (r *Review) Findings(policy string) []Finding { return r.findings[policy] }

// Of reviews the resources, which an Observer has completed, as a change to what runs; on a new cluster nothing does.
func Of(ctx context.Context, resources []policyx.AnalyzerResource, running Running) *Review {
	return under(ctx, resources, running, waiver.All)
}

// under is Of under other waivers than the repository's.
func under(ctx context.Context, resources []policyx.AnalyzerResource, running Running, waivers func() ([]waiver.Waiver, error)) *Review {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	r := &Review{findings: map[string][]Finding{}}
	r.guard("reading instance types", func() error {
		_, err := model.ReadInstanceTypes()
		return err
	})
	var stack *model.Stack
	r.guard("reading the stack", func() error {
		stack = model.Read(resources)
		return nil
	})
	if stack != nil {
		r.Report.Layers, r.Report.Network = stack.Layers(), report.NetworkOf(stack)
		r.findings[Placement] = malformed(stack)
		var before *model.Stack
		r.guard("reading what runs", func() (err error) {
			before, err = running.read()
			return err
		})
		if before == nil && stands(stack) {
			stack.NotEvaluatedFact(fmt.Sprintf("the change: something of this stack runs, and %s names no file with its state", State))
		}
		r.simulate(ctx, running, before, stack)
		if before != nil && r.Report.Baseline != "" {
			r.Report.Baseline = running.baseline()
		}
		r.guard(Reachability, func() error {
			r.Report.Reachability = reach.Analyze(stack)
			r.findings[Reachability] = unreached(r.Report.Reachability)
			return nil
		})
		for _, rule := range rules.All {
			r.guard(rule.Name, func() error {
				r.findings[rule.Name] = rule.Check(stack)
				return nil
			})
		}
		if before != nil {
			r.guard(dataKept, func() error {
				r.findings[dataKept] = append(r.findings[dataKept], losses(before, stack)...)
				return nil
			})
		}
		r.guard("cost", func() error {
			r.Report.Cost = cost.Of(cost.Declare(stack))
			return nil
		})
		r.Report.NotEvaluated, r.Report.BlindRules = stack.Unevaluated(), stack.BlindRules()
		r.guard(waiver.Policy, func() error {
			list, err := waivers()
			r.waive(stack, list)
			return err
		})
	}
	r.findings[PackError] = r.errors
	redact := func(string) string { return model.Redacted }
	if stack != nil {
		redact = stack.Redact
	}
	r.conclude(redact)
	return r
}

// simulate runs the analyses that need the scheduler, from what runs before where there is such a thing.
func (r *Review) simulate(ctx context.Context, runs Running, before, stack *model.Stack) {
	r.guard(Placement, func() error {
		w, err := findWays(ctx, runs, before, stack)
		if err != nil || w == nil {
			return err
		}
		shown, err := w.shown()
		if err != nil {
			return err
		}
		running, s, update := shown.running, shown.settled, shown.update
		if running != nil {
			state := report.StateOf(running)
			r.Report.Before = &state
			r.Report.Clients, r.Report.Seconds = clients.Of(running, s, update), update.Seconds
		}
		r.Report.Placement = report.StateOf(s).Placement
		r.Report.Baseline, r.Report.Update, r.Report.Outages = report.NewCluster, update.Nodes, update.Outages
		r.findings[Placement] = append(r.findings[Placement], slices.Concat(pending(s, update.Rollouts), ended(update.Nodes), awaited(s, update.Waits))...)
		r.guard(Rollout, func() (err error) {
			r.Report.Rollouts, err = rollout.Analyze(s, update.Rollouts...)
			return err
		})
		r.guard(Drain, func() (err error) {
			r.Report.Drains, err = drains(s)
			return err
		})
		r.guard("node loss", func() (err error) {
			r.Report.NodeLoss, err = nodeloss.Analyze(s)
			return err
		})
		r.guard(Growth, func() (err error) {
			r.Report.Growth, err = growth.Analyze(s)
			r.findings[Growth] = confined(r.Report.Growth)
			return err
		})
		r.guard("CronJobs", func() (err error) {
			r.Report.CronJobs, err = cronjob.Analyze(s)
			return err
		})
		r.guard(report.AnyOrder, func() error { return r.otherCourses(w, shown) })
		r.findings[Placement] = append(r.findings[Placement], unstarted(r.Report.CronJobs)...)
		r.findings[Rollout] = stuck(r.Report.Rollouts)
		r.findings[Drain] = append(held(update.Nodes), undrained(r.Report.Drains)...)
		return nil
	})
}

// guard keeps one analysis from taking the preview with it: whatever goes wrong in it becomes a finding of its own.
func (r *Review) guard(what string, analysis func() error) {
	defer func() {
		if cause := recover(); cause != nil {
			r.fail(what, fmt.Sprintf("panic: %v, at %s", cause, culprit(string(debug.Stack()))))
		}
	}()
	if err := analysis(); err != nil {
		r.fail(what, err.Error())
	}
}

func (r *Review) fail(what, cause string) {
	r.errors = append(r.errors, Finding{Message: fmt.Sprintf(
		"policy pack error in %s: %s; nothing it would have found is reported, so fix the pack and preview again", what, cause)})
}

// culprit is the first line of a stack trace that lies in the pack, after the panic itself.
func culprit(trace string) string {
	_, trace, _ = strings.Cut(trace, "panic(")
	for line := range strings.SplitSeq(trace, "\n") {
		if line = strings.TrimSpace(line); strings.Contains(line, "/policy/") && strings.Contains(line, ".go:") {
			line, _, _ = strings.Cut(line, " +0x")
			return line
		}
	}
	return "an unknown place"
}

// Once reviews each stack once, however many policies ask.
type Once struct {
	Observer model.Observer
	// Running is what the stack holds. Default, nothing: a new cluster.
	Running Running
	// Keep stores the resources of a review, while that is made.
	Keep func([]policyx.AnalyzerResource) error
	// Publish gets each review, and what Keep failed with, before any policy reads it.
	Publish func(r *Review, kept error)

	mutex sync.Mutex
	of    []policyx.AnalyzerResource
	last  *Review
}

// Review returns the review of the resources that the engine passes to the policies of one stack validation.
func (o *Once) Review(ctx context.Context, resources []policyx.AnalyzerResource) *Review {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.last == nil || !same(o.of, resources) {
		complete := o.Observer.Complete(resources)
		kept := make(chan error, 1)
		go func() { kept <- o.Keep(complete) }()
		o.of, o.last = resources, Of(ctx, complete, o.Running)
		o.Publish(o.last, <-kept)
	}
	return o.last
}

// same tells whether both are one and the same list, as it is for all policies of a validation.
func same(a, b []policyx.AnalyzerResource) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}
