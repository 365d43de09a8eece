package rollout

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecommerce-platform/policy/placement"
)

// displace notes what new pods have preempted. Of the tier's own old pods, one that finds no other node is ended, as the Deployment
// controller ends those first that are not ready.
func (r *Rollout) displace(s *placement.Simulation, tier *placement.Tier, old []*corev1.Pod, displaced []placement.Outcome) ([]*corev1.Pod, error) {
	for _, outcome := range displaced {
		if !tier.Owns(outcome.Victim) {
			r.Displaced = append(r.Displaced, outcome)
			continue
		}
		old = without(old, outcome.Victim)
		if outcome.Node != "" {
			old = append(old, outcome.Pod)
		} else if err := s.Cluster.Remove(outcome.Pod); err != nil {
			return nil, err
		}
	}
	return old, nil
}

// Unplaced offers the scheduler once more what others have displaced, and names what has no node all the same.
func Unplaced(s *placement.Simulation, displaced []placement.Outcome) ([]string, error) {
	var names []string
	for _, outcome := range displaced {
		if !outcome.Ended && outcome.Node == "" {
			again, err := s.Cluster.Schedule(outcome.Pod)
			if err != nil {
				return nil, err
			}
			outcome = again
		}
		if outcome.Node != "" {
			continue
		}
		name := outcome.Pod.Namespace + "/" + outcome.Pod.Name
		if tier := s.TierOf(outcome.Pod); tier != nil {
			name = tier.Name()
		} else if owner := metav1.GetControllerOfNoCopy(outcome.Pod); owner != nil {
			name = owner.Name
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

func without(pods []*corev1.Pod, gone *corev1.Pod) []*corev1.Pod {
	return slices.DeleteFunc(slices.Clone(pods), func(pod *corev1.Pod) bool { return placement.Key(pod) == placement.Key(gone) })
}

// displace notes what a successor has preempted: that is not ready any more, and what comes in its place starts elsewhere or waits.
func (e *Eviction) displace(outcome placement.Outcome, started []*corev1.Pod, gone func(*corev1.Pod)) []*corev1.Pod {
	victim := outcome.Victim
	e.Successors = slices.DeleteFunc(e.Successors, func(s placement.Outcome) bool { return placement.Key(s.Pod) == placement.Key(victim) })
	if kept := without(started, victim); len(kept) < len(started) {
		started = kept // it was not ready yet
	} else {
		gone(victim)
	}
	switch {
	case outcome.Ended:
		e.Ended = append(e.Ended, victim)
		return started
	case outcome.Node != "":
		started = append(started, outcome.Pod)
	}
	e.Successors = append(e.Successors, outcome)
	return started
}
