// Package cronjob works out where the pods of each CronJob's run land beside everything else, and whether a run still finds nodes while
// one is drained, or without it.
package cronjob

import (
	"slices"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/nodeloss"
	"ecommerce-platform/policy/placement"
	"ecommerce-platform/policy/rollout"
)

// Run is one run of a CronJob on the settled cluster. No other run goes on meanwhile, neither of this CronJob nor of another one.
type Run struct {
	placement.TierPlacement
	// Doubt is why a pod of the run finds no node where other pods come in another order, or get another of equal nodes; empty where each
	// finds one all the same.
	Doubt string `json:"doubt,omitempty"`
	// Preempts are what a run leaves without a node that had one, by name.
	Preempts []string `json:"preempts,omitempty"`
	// WithoutDrained are the nodes during whose drain a run has a pod that finds no other one, WithoutLost those without which it has.
	WithoutDrained []string `json:"withoutDrained,omitempty"`
	WithoutLost    []string `json:"withoutLost,omitempty"`
	// PerhapsDrained and PerhapsLost are nodes of which that is so only where pods come in another order, or get another of equal nodes.
	PerhapsDrained []string `json:"perhapsWithoutDrained,omitempty"`
	PerhapsLost    []string `json:"perhapsWithoutLost,omitempty"`
}

// Waits names nodes without which a run waits, and says which of them are so in some courses alone.
func Waits(certain, perhaps []string) []string {
	all := slices.Clone(certain)
	for _, node := range perhaps {
		all = append(all, node+" (perhaps)")
	}
	return all
}

// Analyze runs each CronJob once on the settled cluster, and once more while each node is drained and when it is lost, and leaves the
// simulation as it was. A run that does not find its nodes to begin with is not tried again.
func Analyze(s *placement.Simulation) ([]Run, error) {
	runs, err := Start(s, s.Settled, nodeloss.Loss{})
	if err != nil || len(runs) == 0 {
		return nil, err
	}
	for _, node := range s.Stack.Members() {
		if err := without(s, node, runs); err != nil {
			return nil, err
		}
	}
	return runs, s.Cluster.Restore(s.Settled)
}

// Start runs each CronJob once on a cluster, each alone, and leaves that cluster. Loss is what it has lost, if anything.
func Start(s *placement.Simulation, from placement.Snapshot, loss nodeloss.Loss) ([]Run, error) {
	var runs []Run
	for _, tier := range started(s) {
		run, err := start(s, tier, from, loss)
		if err != nil {
			return nil, err
		}
		runs = append(runs, run)
	}
	return runs, s.Cluster.Restore(from)
}

// started are the CronJobs whose runs have pods.
func started(s *placement.Simulation) []*placement.Tier {
	return slices.DeleteFunc(slices.Clone(s.Runs), func(tier *placement.Tier) bool { return tier.Replicas() == 0 })
}

// start makes the pods of a run and offers them to the scheduler.
func start(s *placement.Simulation, tier *placement.Tier, from placement.Snapshot, loss nodeloss.Loss) (run Run, err error) {
	if err := s.Cluster.Restore(from); err != nil {
		return run, err
	}
	var outcomes, displaced []placement.Outcome
	for number := range tier.Replicas() {
		pod := tier.Pod(placement.Running, number+1)
		if loss.ControlPlane {
			outcomes = append(outcomes, placement.Outcome{Pod: pod, Reason: nodeloss.NoAPI})
			continue
		}
		outcome, err := s.Cluster.Schedule(pod)
		if err != nil {
			return run, err
		}
		outcomes, displaced = append(outcomes, outcome), append(displaced, outcome.Displaced...)
	}
	run.TierPlacement = s.Summary(tier, outcomes)
	run.Preempts, err = rollout.Unplaced(s, displaced)
	return run, err
}

// without tries the runs while a node is drained, and without it.
func without(s *placement.Simulation, node *model.Node, runs []Run) error {
	if err := s.Cluster.Restore(s.Settled); err != nil {
		return err
	}
	if _, err := rollout.Evict(s.Cluster, s, node.Name); err != nil {
		return err
	}
	drained := s.Cluster.Snapshot()
	if err := s.Cluster.Restore(s.Settled); err != nil {
		return err
	}
	loss, _, err := nodeloss.Lose(s, node.Name, node)
	if err != nil {
		return err
	}
	lost := s.Cluster.Snapshot()
	for i, tier := range started(s) {
		run := &runs[i]
		if run.Pending > 0 {
			continue
		}
		again, err := start(s, tier, drained, nodeloss.Loss{})
		if err != nil {
			return err
		}
		if again.Pending > 0 {
			run.WithoutDrained = append(run.WithoutDrained, node.Name)
		}
		if again, err = start(s, tier, lost, loss); err != nil {
			return err
		}
		if again.Pending > 0 {
			run.WithoutLost = append(run.WithoutLost, node.Name)
		}
	}
	return nil
}
