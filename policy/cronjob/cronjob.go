// Package cronjob works out where the pods of each CronJob's run land beside everything else, and whether a run still finds nodes while
// one is drained, or without it.
package cronjob

import (
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
}

// Analyze runs each CronJob once on the settled cluster, and once more while each node is drained and when it is lost, and leaves the
// simulation as it was. A run that does not find its nodes to begin with is not tried again.
func Analyze(s *placement.Simulation) ([]Run, error) {
	var runs []Run
	tiers := map[string]*placement.Tier{}
	for _, tier := range s.Runs {
		if tier.Replicas() == 0 {
			continue
		}
		run, err := start(s, tier, s.Settled)
		if err != nil {
			return nil, err
		}
		runs, tiers[run.URN] = append(runs, run), tier
	}
	if len(runs) == 0 {
		return nil, nil
	}
	for _, node := range s.Stack.Members() {
		if err := without(s, node, runs, tiers); err != nil {
			return nil, err
		}
	}
	return runs, s.Cluster.Restore(s.Settled)
}

// start makes the pods of a run and offers them to the scheduler.
func start(s *placement.Simulation, tier *placement.Tier, from placement.Snapshot) (run Run, err error) {
	if err := s.Cluster.Restore(from); err != nil {
		return run, err
	}
	var outcomes, displaced []placement.Outcome
	for number := range tier.Replicas() {
		outcome, err := s.Cluster.Schedule(tier.Pod(placement.Running, number+1))
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
func without(s *placement.Simulation, node *model.Node, runs []Run, tiers map[string]*placement.Tier) error {
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
	for i := range runs {
		run := &runs[i]
		if run.Pending > 0 {
			continue
		}
		again, err := start(s, tiers[run.URN], drained)
		if err != nil {
			return err
		}
		if again.Pending > 0 {
			run.WithoutDrained = append(run.WithoutDrained, node.Name)
		}
		if again, err = start(s, tiers[run.URN], lost); err != nil {
			return err
		}
		if again.Pending > 0 || loss.ControlPlane { // without an API server nothing starts
			run.WithoutLost = append(run.WithoutLost, node.Name)
		}
	}
	return nil
}
