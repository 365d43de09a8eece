// Package growth works out how far Deployments that are scaled automatically can grow on the declared nodes.
package growth

import (
	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/placement"
)

// Growth is how far one Deployment can grow while every other one has its fewest pods.
type Growth struct {
	Tier string `json:"tier"`
	URN  string `json:"-"`
	// Min and Max are the autoscaler's.
	Min int `json:"min"`
	Max int `json:"max"`
	// Fits is with how many pods all of them find a node, at most Max.
	Fits int `json:"fits"`
	// Reason is the scheduler's own words for the first pod that finds none.
	Reason string `json:"reason,omitempty"`
}

// Analyze asks the scheduler about one pod more after the other, for each Deployment alone, and leaves the simulation as it was.
func Analyze(s *placement.Simulation) ([]Growth, error) {
	var found []Growth
	for _, autoscaler := range s.Stack.Autoscalers {
		for _, tier := range s.Tiers {
			if tier.Resource.URN != autoscaler.Deployment {
				continue
			}
			g, err := grow(s, tier, autoscaler)
			if err != nil {
				return nil, err
			}
			found = append(found, g)
		}
	}
	return found, s.Cluster.Restore(s.Settled)
}

// grow begins with the pods that are there: those of the simulation, or of a running cluster.
func grow(s *placement.Simulation, tier *placement.Tier, of model.Autoscaler) (Growth, error) {
	g := Growth{Tier: tier.Name(), URN: of.URN, Min: of.Min, Max: of.Max}
	if err := s.Cluster.Restore(s.Settled); err != nil {
		return g, err
	}
	for _, pod := range s.Cluster.Pods() {
		if tier.Owns(pod) {
			g.Fits++
		}
	}
	for _, outcome := range s.Outcomes {
		if outcome.Node == "" && tier.Owns(outcome.Pod) {
			g.Reason = outcome.Reason
			return g, nil
		}
	}
	for number := 1; g.Fits < g.Max; number++ {
		// A number of its own: those that are there may be of either revision, and have names of any number.
		outcome, err := s.Cluster.Schedule(tier.Pod(placement.Next, added+number))
		switch {
		case err != nil:
			return g, err
		case outcome.Node == "":
			g.Reason = outcome.Reason
			return g, nil
		}
		g.Fits++
	}
	return g, nil
}

// added is above the number of every pod that the simulation has made.
const added = 1_000_000
