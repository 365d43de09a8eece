package rollout

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecommerce-platform/policy/placement"
)

// Drain is what budgets say to draining one node.
type Drain struct {
	Node string `json:"node"`
	// Completes is whether every pod that a drain evicts may go in the end.
	Completes bool `json:"completes"`
	// Blocked is one sentence for each pod that may never go.
	Blocked []Blocked `json:"blocked,omitempty"`
}

// Blocked is a budget that holds a drain up for ever.
type Blocked struct {
	Budget string `json:"budget"`
	URN    string `json:"-"`
	Pod    string `json:"pod"`
	Reason string `json:"reason"`
	// Never is set where the budget allows no eviction even while all its pods are ready; otherwise it is an earlier pod
	// without another node that uses the allowance up.
	Never bool `json:"never,omitempty"`
}

// Drains replays `kubectl drain` of each node, one node at a time. It evicts a pod whenever its budget allows that, and puts
// its successor where the scheduler does.
func Drains(s *placement.Simulation) ([]Drain, error) {
	if err := s.Cluster.Return(s.Settled); err != nil {
		return nil, err
	}
	guards := newGuards(s)
	var drains []Drain
	for _, node := range s.Stack.Nodes {
		if err := s.Cluster.Return(s.Settled); err != nil {
			return nil, err
		}
		drain, err := replayDrain(s, settled(guards), node.Name)
		if err != nil {
			return nil, err
		}
		drains = append(drains, drain)
	}
	return drains, s.Cluster.Return(s.Settled)
}

func replayDrain(s *placement.Simulation, guards []*guard, name string) (Drain, error) {
	drain := Drain{Node: name}
	cordon(s.Cluster, name)
	waiting := evictable(s, name)
	pending := ""
	for len(waiting) > 0 {
		var left []*corev1.Pod
		for _, pod := range waiting {
			if _, reason := forbids(guards, pod); reason != "" {
				left = append(left, pod)
				continue
			}
			if err := s.Cluster.Remove(pod); err != nil {
				return drain, err
			}
			count(guards, pod, -1)
			// The successor, where it finds a node, is ready some time later.
			outcome, err := s.Cluster.Schedule(placement.Successor(pod))
			if err != nil {
				return drain, err
			}
			if outcome.Node == "" {
				pending = outcome.Reason
			} else {
				count(guards, outcome.Pod, 1)
			}
		}
		if len(left) == len(waiting) {
			break
		}
		waiting = left
	}
	for _, pod := range waiting {
		by, reason := forbids(guards, pod)
		blocked := Blocked{Budget: by.name, URN: by.urn, Pod: pod.Name, Reason: reason, Never: by.desired >= by.expected}
		if !blocked.Never && pending != "" {
			blocked.Reason += "; the pod evicted before found no other node: " + pending
		}
		drain.Blocked = append(drain.Blocked, blocked)
	}
	drain.Completes = len(waiting) == 0
	return drain, nil
}

func cordon(cluster *placement.Cluster, name string) {
	for _, node := range cluster.Nodes() {
		if node.Name == name {
			cordoned := node.DeepCopy()
			cordoned.Spec.Unschedulable = true
			cordoned.Spec.Taints = append(cordoned.Spec.Taints, corev1.Taint{
				Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule,
			})
			cluster.Replace(cordoned)
		}
	}
}

// evictable are the node's pods that a drain evicts: those of Deployments, the stack's and the cluster's own.
func evictable(s *placement.Simulation, node string) []*corev1.Pod {
	var pods []*corev1.Pod
	for _, pod := range s.Cluster.On(node) {
		if owner := metav1.GetControllerOfNoCopy(pod); owner != nil && owner.Kind == "ReplicaSet" {
			pods = append(pods, pod)
		}
	}
	return pods
}
