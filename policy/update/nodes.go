package update

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1helpers "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/klog/v2"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/placement"
	"ecommerce-platform/policy/rollout"
)

// What becomes of a node.
const (
	Joins    = "joins"
	Leaves   = "is drained and leaves"
	Replaced = "is drained, and another machine takes its place"
	Changed  = "is drained, stopped and changed"
	Upgraded = "is drained and upgraded"
	Updated  = "is drained, updated and started again"
	// UpgradedInPlace is the control plane, whose pods stay.
	UpgradedInPlace = "is upgraded"
)

// NodeChange is what an update does to a node and its pods.
type NodeChange struct {
	Node string `json:"node"`
	What string `json:"what"`
	// Moves counts the pods by tier that start on another node, Pending those that find none, at least until the node is back.
	Moves   map[string]int `json:"moves,omitempty"`
	Pending map[string]int `json:"pending,omitempty"`
	// Ended are pods that the drain ends for good: nothing makes them again.
	Ended []Ended `json:"ended,omitempty"`
	// Blocked are budgets that hold the drain up, and with it the update.
	Blocked []rollout.Blocked `json:"blocked,omitempty"`
	// Seconds is roughly how long the node's turn takes, and Silent for how much of it the machine answers nobody.
	Seconds int `json:"seconds,omitempty"`
	Silent  int `json:"silentSeconds,omitempty"`
}

// Ended is a pod that belongs to no controller.
type Ended struct {
	Pod string `json:"pod"`
	URN string `json:"-"`
}

// join adds the nodes that are new, empty but for what comes with every node, and gives the others the labels and taints that they
// are to have.
func (r *run) join() error {
	for _, node := range r.Stack.Members() {
		was := r.before.Stack.Node(node.Name)
		switch {
		case was == nil:
			r.Cluster.AddNode(r.Node(node))
			r.update.Nodes = append(r.update.Nodes, NodeChange{Node: node.Name, What: Joins, Seconds: r.takes(Joins)})
		case r.other(was, node):
			continue // its turn comes
		default:
			r.Cluster.Replace(r.Node(node))
			if err := r.evictUntolerated(node.Name); err != nil {
				return err
			}
		}
		if err := r.settleIn(node); err != nil {
			return err
		}
	}
	return r.retry()
}

// other tells whether the node's turn to be another machine comes, which brings its labels and taints.
func (r *run) other(was, is *model.Node) bool {
	return slices.ContainsFunc(r.turns(was, is), func(what string) bool { return what != UpgradedInPlace })
}

// settleIn puts what comes with the node on it, in place of what came with it before.
func (r *run) settleIn(node *model.Node) error {
	if was := r.before.Stack.Node(node.Name); was != nil {
		for _, pod := range placement.Residents(was) {
			if err := r.Cluster.Remove(pod); err != nil {
				return err
			}
		}
	}
	for _, pod := range placement.Residents(node) {
		if err := r.Cluster.Put(pod); err != nil {
			return err
		}
	}
	return nil
}

// evictUntolerated takes the pods off a node that do not tolerate a taint of the effect NoExecute.
func (r *run) evictUntolerated(name string) error {
	for _, node := range r.Cluster.Nodes() {
		if node.Name != name {
			continue
		}
		for _, pod := range r.Cluster.On(name) {
			_, evicts := corev1helpers.FindMatchingUntoleratedTaint(klog.Background(), node.Spec.Taints, pod.Spec.Tolerations,
				func(taint *corev1.Taint) bool { return taint.Effect == corev1.TaintEffectNoExecute }, false)
			if !evicts {
				continue
			}
			if err := r.Cluster.Remove(pod); err != nil {
				return err
			}
			if metav1.GetControllerOfNoCopy(pod) == nil {
				r.noteOne(placement.Outcome{Pod: pod, Ended: true, Reason: fmt.Sprintf(
					"evicted from %s, a taint of which it does not tolerate, and nothing makes it again", name)})
				continue
			}
			next := r.Cluster.Successor(pod)
			if err := r.schedule(next); err != nil {
				return err
			}
			if r.decided[placement.Key(next)].Node != "" {
				r.evicted[r.whose(pod)]++
			}
		}
	}
	return nil
}

// takeAway takes a drained node away. What a budget kept on it has a successor that waits.
func (r *run) takeAway(node string) error {
	lost, err := r.Cluster.RemoveNode(node)
	for _, pod := range lost {
		if owner := metav1.GetControllerOfNoCopy(pod); owner != nil && owner.Kind == "ReplicaSet" {
			r.waiting = append(r.waiting, r.Cluster.Successor(pod))
		}
	}
	return err
}

// leave drains the nodes that the program no longer has, and ends what else it no longer has.
func (r *run) leave() error {
	for _, node := range r.before.Stack.Members() {
		if r.Stack.Node(node.Name) != nil {
			continue
		}
		if err := r.drain(node.Name, Leaves, r.Simulation); err != nil {
			return err
		}
		if err := r.takeAway(node.Name); err != nil {
			return err
		}
	}
	if err := r.daemons(); err != nil {
		return err
	}
	gone := func(pod *corev1.Pod) bool {
		tier := r.before.TierOf(pod)
		return tier != nil && r.Counterpart(tier) == nil
	}
	if err := r.forget(gone); err != nil {
		return err
	}
	for _, pod := range r.Cluster.Pods() {
		if gone(pod) {
			if err := r.Cluster.Remove(pod); err != nil {
				return err
			}
		}
	}
	return r.retry()
}
