package rollout

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"ecommerce-platform/policy/model"
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
	var drains []Drain
	for _, node := range s.Stack.Nodes {
		if err := s.Cluster.Return(s.Settled); err != nil {
			return nil, err
		}
		drain, err := replayDrain(s, node.Name)
		if err != nil {
			return nil, err
		}
		drains = append(drains, drain)
	}
	return drains, s.Cluster.Return(s.Settled)
}

func replayDrain(s *placement.Simulation, name string) (Drain, error) {
	drain := Drain{Node: name}
	cordon(s.Cluster, name)
	waiting := evictable(s, name)
	pending := ""
	for len(waiting) > 0 {
		var left []*corev1.Pod
		for _, pod := range waiting {
			if _, reason := forbids(s, pod); reason != "" {
				left = append(left, pod)
				continue
			}
			if err := s.Cluster.Remove(pod); err != nil {
				return drain, err
			}
			// The successor, where it finds a node, is ready some time later.
			outcome, err := s.Cluster.Schedule(placement.Successor(pod))
			if err != nil {
				return drain, err
			}
			if outcome.Node == "" {
				pending = outcome.Reason
			}
		}
		if len(left) == len(waiting) {
			break
		}
		waiting = left
	}
	for _, pod := range waiting {
		budget, reason := forbids(s, pod)
		blocked := Blocked{Budget: budget.Value.Name, URN: budget.URN, Pod: pod.Name, Reason: reason, Never: never(s, budget.Value)}
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

// evictable are the node's pods that a drain evicts: those of Deployments that this stack declares.
func evictable(s *placement.Simulation, node string) []*corev1.Pod {
	var pods []*corev1.Pod
	for _, pod := range s.Cluster.On(node) {
		if s.TierOf(pod) != nil {
			pods = append(pods, pod)
		}
	}
	return pods
}

// forbids returns the budget that does not let the pod go now, and why.
func forbids(s *placement.Simulation, pod *corev1.Pod) (model.Object[policyv1.PodDisruptionBudget], string) {
	for _, budget := range s.Stack.Budgets {
		if budget.Malformed != nil || len(budget.UnknownBelow("spec")) > 0 {
			for _, path := range budget.UnknownBelow("spec") {
				s.Stack.NotEvaluated(budget.Resource, path)
			}
			continue
		}
		if budget.Value.Namespace != pod.Namespace || !selects(budget.Value.Spec.Selector, pod.Labels) {
			continue
		}
		expected, healthy := counts(s, budget.Value)
		desired := required(budget.Value.Spec, expected)
		if healthy-1 < desired {
			return budget, fmt.Sprintf("budget %s wants %d of %d pods ready, %d are: it allows no eviction",
				budget.Value.Name, desired, expected, healthy)
		}
	}
	return model.Object[policyv1.PodDisruptionBudget]{}, ""
}

// never tells whether the budget allows no eviction even while all its pods are ready.
func never(s *placement.Simulation, budget policyv1.PodDisruptionBudget) bool {
	expected, _ := counts(s, budget)
	return required(budget.Spec, expected) >= expected
}

// counts returns how many pods a budget expects and how many of them run.
func counts(s *placement.Simulation, budget policyv1.PodDisruptionBudget) (expected, healthy int) {
	for _, tier := range s.Tiers {
		if tier.Deployment.Namespace == budget.Namespace && selects(budget.Spec.Selector, tier.Deployment.Spec.Template.Labels) {
			expected += tier.Replicas()
		}
	}
	for _, pod := range s.Cluster.Pods() {
		if pod.Namespace == budget.Namespace && selects(budget.Spec.Selector, pod.Labels) {
			healthy++
		}
	}
	return expected, healthy
}

// required is how many pods must be ready, as the disruption controller computes it: both fields round up.
// Source: k8s.io/kubernetes v1.35.4, pkg/controller/disruption (getExpectedPodCount).
func required(spec policyv1.PodDisruptionBudgetSpec, expected int) int {
	switch {
	case spec.MaxUnavailable != nil:
		return max(0, expected-scaled(spec.MaxUnavailable, expected, true))
	case spec.MinAvailable != nil:
		return scaled(spec.MinAvailable, expected, true)
	default:
		return 0
	}
}

func selects(selector *metav1.LabelSelector, of map[string]string) bool {
	s, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && s.Matches(labels.Set(of))
}
