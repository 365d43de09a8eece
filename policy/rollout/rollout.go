// Package rollout tells whether a Deployment's pods can be replaced by new ones on the declared nodes, and how few of them
// serve meanwhile. It replays what the Deployment controller does and asks the real scheduler about each new pod.
package rollout

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"ecommerce-platform/policy/placement"
)

// Rollout is the replacement of every pod of one Deployment.
type Rollout struct {
	Tier     string `json:"tier"`
	URN      string `json:"-"`
	Strategy string `json:"strategy"`
	Replicas int    `json:"replicas"`
	// Completes is whether every pod is replaced in the end.
	Completes bool `json:"completes"`
	// Lowest is how few pods are ready at the worst moment, if every new pod becomes ready.
	Lowest int `json:"lowestAvailable"`
	// Stuck says why it does not complete, in the scheduler's own words, and Remedy what to change.
	Stuck  string `json:"stuck,omitempty"`
	Remedy string `json:"remedy,omitempty"`
}

// Analyze replays a rollout of each Deployment, one at a time, from the settled cluster. Deployments with a pod that is
// Pending to begin with are left out: what keeps that pod off is the fault then, and it is reported as such.
func Analyze(s *placement.Simulation) ([]Rollout, error) {
	pending := map[string]bool{}
	for _, p := range s.TierPlacements() {
		pending[p.URN] = p.Pending > 0
	}
	var rollouts []Rollout
	for _, tier := range s.Tiers {
		if tier.Replicas() == 0 || pending[tier.Resource.URN] {
			continue
		}
		if err := s.Cluster.Return(s.Settled); err != nil {
			return nil, err
		}
		r, err := replay(s, tier)
		if err != nil {
			return nil, err
		}
		rollouts = append(rollouts, r)
	}
	return rollouts, s.Cluster.Return(s.Settled)
}

// bounds are how many pods there may be and how many must be ready, as the Deployment controller rounds them.
// Source: k8s.io/kubernetes, pkg/controller/deployment/util (ResolveFenceposts).
func bounds(tier *placement.Tier) (surge, unavailable int, strategy string) {
	s := tier.Deployment.Spec.Strategy
	if s.Type == appsv1.RecreateDeploymentStrategyType || s.RollingUpdate == nil {
		return 0, tier.Replicas(), "Recreate"
	}
	surge = scaled(s.RollingUpdate.MaxSurge, tier.Replicas(), true)
	unavailable = scaled(s.RollingUpdate.MaxUnavailable, tier.Replicas(), false)
	if surge == 0 && unavailable == 0 {
		unavailable = 1
	}
	unavailable = min(unavailable, tier.Replicas())
	return surge, unavailable, fmt.Sprintf("RollingUpdate, surge %d, unavailable %d", surge, unavailable)
}

func scaled(value *intstr.IntOrString, of int, up bool) int {
	if value == nil {
		return 0
	}
	number, err := intstr.GetScaledValueFromIntOrPercent(value, of, up)
	if err != nil {
		return 0
	}
	return number
}

// replay replaces pods as fast as the strategy allows: it removes old pods down to the allowed minimum and adds new ones up
// to the allowed maximum, in turn, until nothing moves.
func replay(s *placement.Simulation, tier *placement.Tier) (Rollout, error) {
	surge, unavailable, strategy := bounds(tier)
	r := Rollout{
		Tier: tier.Name(), URN: tier.Resource.URN, Strategy: strategy,
		Replicas: tier.Replicas(), Lowest: tier.Replicas(),
	}
	var old, fresh []*corev1.Pod
	for _, pod := range s.Cluster.Pods() {
		if tier.Owns(pod) {
			old = append(old, pod)
		}
	}
	for len(fresh) < tier.Replicas() {
		moved := false
		// New pods first, as the controller does; each one that finds a node becomes ready.
		for len(fresh) < tier.Replicas() && len(old)+len(fresh) < tier.Replicas()+surge {
			outcome, err := s.Cluster.Schedule(tier.Pod(placement.Next, len(fresh)+1))
			if err != nil {
				return r, err
			}
			if outcome.Node == "" {
				r.Stuck = outcome.Reason
				break
			}
			fresh, moved = append(fresh, outcome.Pod), true
		}
		for len(old) > 0 && len(old)+len(fresh) > tier.Replicas()-unavailable {
			if err := s.Cluster.Remove(old[len(old)-1]); err != nil {
				return r, err
			}
			old, moved = old[:len(old)-1], true
		}
		r.Lowest = min(r.Lowest, len(old)+len(fresh))
		if !moved {
			r.Remedy = remedy(tier)
			return r, nil
		}
	}
	r.Completes, r.Stuck = true, ""
	return r, nil
}

func remedy(tier *placement.Tier) string {
	if usesClaims := slices.ContainsFunc(tier.Deployment.Spec.Template.Spec.Volumes, func(v corev1.Volume) bool {
		return v.PersistentVolumeClaim != nil
	}); usesClaims {
		return "use the strategy Recreate: the volume holds the new pod where the old one still is"
	}
	return "set maxSurge 0 and maxUnavailable 1, so that an old pod goes before a new one comes, or add a node that fits"
}
