package rollout

import (
	"maps"
	"math"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecommerce-platform/policy/placement"
)

// Drain is what budgets say to draining one node.
type Drain struct {
	Node string `json:"node"`
	// Completes is whether every pod that a drain evicts may go in the end.
	Completes bool `json:"completes"`
	// Doubt is why it does not where pods come in another order, or get another of equal nodes; empty where it completes all the same.
	Doubt string `json:"doubt,omitempty"`
	// Blocked is one sentence for each pod that may never go.
	Blocked []Blocked `json:"blocked,omitempty"`
	// Switchovers are the databases with an instance on the node. Where that is the primary, another one becomes it before the drain may go on.
	Switchovers []Switchover `json:"switchovers,omitempty"`
}

// Switchover is another instance of a database becoming the primary.
type Switchover struct {
	Tier string `json:"tier"`
	// Seconds is roughly how long nobody writes meanwhile.
	Seconds int `json:"seconds"`
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
	// Remedy is what to do then.
	Remedy string `json:"-"`
}

// Drains replays `kubectl drain` of each node, one node at a time. It evicts a pod whenever its budget allows that, and puts
// its successor where the scheduler does.
func Drains(s *placement.Simulation) ([]Drain, error) {
	if err := s.Cluster.Restore(s.Settled); err != nil {
		return nil, err
	}
	budgets, ready := s.Budgets(s.Cluster), controlled(s.Cluster)
	var drains []Drain
	for _, node := range s.Stack.Members() {
		if err := s.Cluster.Restore(s.Settled); err != nil {
			return nil, err
		}
		eviction, err := evict(s.Cluster, placement.Copies(budgets), maps.Clone(ready), node.Name)
		if err != nil {
			return nil, err
		}
		for _, tier := range s.Tiers {
			if few, there := eviction.Lowest[tier.Controller(placement.Running)]; tier.Postgres != nil && there && few > 0 {
				eviction.Switchovers = append(eviction.Switchovers, Switchover{Tier: tier.Name()})
			}
		}
		drains = append(drains, eviction.Drain)
	}
	return drains, s.Cluster.Restore(s.Settled)
}

// Eviction is how a drain went.
type Eviction struct {
	Drain
	// Successors are the decisions about the pods that came in the place of the evicted ones.
	Successors []placement.Outcome
	// Ended are pods that nothing makes again: `kubectl drain --force` evicts them all the same.
	Ended []*corev1.Pod
	// Lowest is how few pods of each controller on the node were ready at the worst time, by the controller's name.
	Lowest map[string]int
}

// Evict drains a node of a running cluster under the budgets of those, and leaves it cordoned.
func Evict(cluster *placement.Cluster, budgets *placement.Simulation, node string) (Eviction, error) {
	return evict(cluster, budgets.Budgets(cluster), controlled(cluster), node)
}

// controlled counts the cluster's pods by what they belong to.
func controlled(cluster *placement.Cluster) map[string]int {
	pods := map[string]int{}
	for _, pod := range cluster.Pods() {
		pods[Controller(pod)]++
	}
	return pods
}

// evict drains a node. The budgets and the number of ready pods by controller are those of the cluster, and change with it.
func evict(cluster *placement.Cluster, budgets []*placement.Budget, ready map[string]int, name string) (Eviction, error) {
	e := Eviction{Drain: Drain{Node: name}, Lowest: map[string]int{}}
	drain := &e.Drain
	cordon(cluster, name)
	waiting := cluster.Mixed(evictable(cluster, name))
	pending := ""
	for len(waiting) > 0 {
		var left, started []*corev1.Pod
		for _, pod := range waiting {
			if _, reason := placement.Forbids(budgets, pod); reason != "" {
				left = append(left, pod)
				continue
			}
			if err := cluster.Remove(pod); err != nil {
				return e, err
			}
			placement.Count(budgets, pod, -1)
			e.lose(ready, Controller(pod))
			if metav1.GetControllerOfNoCopy(pod) == nil {
				e.Ended = append(e.Ended, pod)
				continue
			}
			outcome, err := cluster.Schedule(cluster.Successor(pod))
			if err != nil {
				return e, err
			}
			e.Successors = append(e.Successors, outcome)
			if outcome.Node == "" {
				pending = outcome.Reason
			} else {
				started = append(started, outcome.Pod)
			}
			for _, displaced := range outcome.Displaced {
				started = e.displace(displaced, started, func(victim *corev1.Pod) {
					placement.Count(budgets, victim, -1)
					e.lose(ready, Controller(victim))
				})
			}
		}
		// Successors are ready some time later: whatever the budgets allow at once is away at once.
		for _, pod := range started {
			placement.Count(budgets, pod, 1)
			ready[Controller(pod)]++
		}
		if len(left) == len(waiting) {
			break
		}
		waiting = left
	}
	for _, pod := range waiting {
		by, reason := placement.Forbids(budgets, pod)
		blocked := Blocked{Budget: by.Name, URN: by.URN, Pod: pod.Name, Reason: reason, Never: by.Fails != "" || by.Desired >= by.Expected, Remedy: by.Remedy}
		if !blocked.Never && pending != "" {
			blocked.Reason += "; the pod evicted before found no other node: " + pending
		}
		drain.Blocked = append(drain.Blocked, blocked)
	}
	drain.Completes = len(waiting) == 0
	return e, nil
}

// lose counts a ready pod less.
func (e *Eviction) lose(ready map[string]int, owner string) {
	if ready[owner]--; ready[owner] < lowest(e.Lowest, owner) {
		e.Lowest[owner] = ready[owner]
	}
}

// Controller names what a pod belongs to, in its namespace.
func Controller(pod *corev1.Pod) string {
	if owner := metav1.GetControllerOfNoCopy(pod); owner != nil {
		return pod.Namespace + "/" + owner.Name
	}
	return placement.Key(pod)
}

func lowest(of map[string]int, name string) int {
	if n, ok := of[name]; ok {
		return n
	}
	return math.MaxInt
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

// evictable are the node's pods that a drain evicts: all but those of DaemonSets, and static ones.
func evictable(cluster *placement.Cluster, node string) []*corev1.Pod {
	var pods []*corev1.Pod
	for _, pod := range cluster.On(node) {
		owner := metav1.GetControllerOfNoCopy(pod)
		switch {
		case owner != nil && owner.Kind == "DaemonSet", pod.Annotations[corev1.MirrorPodAnnotationKey] != "":
		default:
			pods = append(pods, pod)
		}
	}
	return pods
}
