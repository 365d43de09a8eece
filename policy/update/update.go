// Package update takes a running cluster to what the program declares, in the order in which an update does: nodes join and
// change one at a time, pods roll from the template that runs to the declared one, and what the program no longer has goes last.
package update

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/placement"
	"ecommerce-platform/policy/rollout"
)

// Update is what an update does on its way.
type Update struct {
	// Rollouts are of the Deployments whose template changes.
	Rollouts []rollout.Rollout
	// Nodes are those that join, change or leave, in that order.
	Nodes []NodeChange
	// Waits are what Pulumi waits for in vain.
	Waits []Wait
	// Outages are tiers without a ready pod on the way.
	Outages []Outage
	// API are the times without an API server.
	API []Outage
	// Seconds is roughly how long all of it takes.
	Seconds int
}

// Outage is a time in which no pod of a tier is ready, or in which there is no API server.
type Outage struct {
	// Tier is empty for the API server.
	Tier string `json:"tier,omitempty"`
	// While is what the update does then, and Until what ends it.
	While string `json:"while"`
	Until string `json:"until"`
	// Seconds is roughly how long it lasts. It is 0 where nothing in this update ends it, which Open says.
	Seconds int  `json:"seconds"`
	Open    bool `json:"open,omitempty"`
}

// run is an update on its way.
type run struct {
	*placement.Simulation
	before *placement.Simulation
	// waiting are pods that no node has taken so far, and decided is the last decision about each pod.
	waiting []*corev1.Pod
	decided map[string]placement.Outcome
	// ended are pods without a controller that a drain has ended, that another pod has preempted or that were refused; the latter are lost.
	ended map[string]*corev1.Pod
	lost  []placement.Outcome
	// evicted counts the pods by tier that a taint has driven off a node.
	evicted map[string]int
	update  *Update
	times   *Times
}

// Simulate updates the cluster that is settled in before to the stack. Where pods need not move they stay where they are. It returns
// nil where there is nothing to place or nowhere.
func Simulate(ctx context.Context, before *placement.Simulation, stack *model.Stack) (*placement.Simulation, *Update, error) {
	s, err := placement.Prepare(ctx, stack, before.Course)
	if err != nil || s == nil {
		return nil, nil, err
	}
	done, err := Settle(before, s)
	return s, done, err
}

// Settle is Simulate with a simulation of the stack whose cluster is empty.
func Settle(before, s *placement.Simulation) (*Update, error) {
	if err := s.Cluster.Load(before.Settled); err != nil {
		return nil, err
	}
	if err := before.Govern(s.Cluster); err != nil {
		return nil, err
	}
	times, err := ReadTimes()
	if err != nil {
		return nil, err
	}
	r := &run{
		Simulation: s, before: before, update: &Update{}, times: times,
		decided: map[string]placement.Outcome{}, ended: map[string]*corev1.Pod{}, evicted: map[string]int{},
	}
	for _, tier := range s.Tiers {
		if was := before.Counterpart(tier); was != nil {
			tier.Names = was.Names
		}
	}
	for _, outcome := range before.Outcomes {
		if outcome.Node == "" && !failed(outcome) {
			r.noteOne(outcome)
		}
	}
	// Objects that do not depend on each other come in any order.
	unordered := placement.Mixed(s.Course, []func() error{r.daemons, r.addons, r.deployments})
	for _, step := range slices.Concat(
		[]func() error{r.join, r.change, r.updateSystems, r.objects}, unordered, []func() error{r.awaits, r.leave, r.retry},
	) {
		if err := step(); err != nil {
			return nil, err
		}
	}
	s.Settled = s.Cluster.Snapshot()
	s.Outcomes = r.outcomes()
	r.total()
	return r.update, nil
}

// objects brings what decides about pods: Pulumi changes nodes first.
func (r *run) objects() error { return r.Govern(r.Cluster) }

// schedule asks about a pod, which waits where nothing takes it.
func (r *run) schedule(pod *corev1.Pod) error {
	outcome, err := r.Cluster.Schedule(pod)
	if err != nil {
		return err
	}
	r.note(outcome)
	return nil
}

// note remembers a decision.
func (r *run) note(outcome placement.Outcome) {
	r.noteOne(outcome)
	r.preempted(outcome.Displaced)
}

func (r *run) noteOne(outcome placement.Outcome) {
	if outcome.Ended || failed(outcome) {
		r.ended[placement.Key(outcome.Pod)] = r.Cluster.Declared(outcome.Pod)
		r.lost = append(r.lost, outcome)
		return
	}
	r.decided[placement.Key(outcome.Pod)] = outcome
	if outcome.Node == "" {
		r.waiting = append(r.waiting, outcome.Pod)
	}
}

// failed tells whether a pod that Pulumi makes itself was refused: that ends the update, and nobody tries it again.
func failed(outcome placement.Outcome) bool {
	return outcome.Refusal != nil && metav1.GetControllerOfNoCopy(outcome.Pod) == nil
}

// retry asks again about what waits, as the scheduler does whenever something has changed.
func (r *run) retry() error {
	for {
		waiting := r.Cluster.Mixed(r.waiting)
		r.waiting = nil
		for _, pod := range waiting {
			if err := r.schedule(pod); err != nil {
				return err
			}
		}
		if len(r.waiting) == len(waiting) {
			return nil
		}
	}
}

// forget ends the waiting pods that these are.
func (r *run) forget(those func(*corev1.Pod) bool) error {
	for _, pod := range slices.Clone(r.waiting) {
		if those(pod) {
			if err := r.end(pod); err != nil {
				return err
			}
		}
	}
	return nil
}

// end ends a pod, whether it waits or is on a node.
func (r *run) end(pod *corev1.Pod) error {
	r.waiting = slices.DeleteFunc(r.waiting, func(waits *corev1.Pod) bool { return placement.Key(waits) == placement.Key(pod) })
	return r.Cluster.Remove(pod)
}

// outcomes are every pod's place, or why it has none.
func (r *run) outcomes() []placement.Outcome {
	var outcomes []placement.Outcome
	for _, pod := range r.Cluster.Pods() {
		outcome := r.decided[placement.Key(pod)]
		outcome.Pod, outcome.Node, outcome.Reason = pod, pod.Spec.NodeName, ""
		outcomes = append(outcomes, outcome)
	}
	for _, pod := range r.waiting {
		outcomes = append(outcomes, r.decided[placement.Key(pod)])
	}
	for _, outcome := range r.lost {
		// What the program declares otherwise by now is made anew, and what it does not declare nobody misses.
		if !outcome.Ended || r.declaredAs(outcome.Pod) != "" {
			outcomes = append(outcomes, outcome)
		}
	}
	return outcomes
}
