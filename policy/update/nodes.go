package update

import (
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
			r.update.Nodes = append(r.update.Nodes, NodeChange{Node: node.Name, What: Joins})
		case r.reason(was, node) != "":
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
			if err := r.schedule(placement.Successor(pod)); err != nil {
				return err
			}
		}
	}
	return nil
}

// reason says why a node's pods have to leave it for a while, or nothing.
func (r *run) reason(was, is *model.Node) string {
	if was.Instance != nil && is.Instance != nil {
		identity := "arn"
		switch {
		case !was.Instance.Unknown(identity) && is.Instance.Unknown(identity), was.PrivateIP != is.PrivateIP:
			return Replaced
		case was.InstanceType != is.InstanceType:
			return Changed
		}
	}
	from, to := r.before.Stack.Facts.KubernetesVersion, r.Stack.Facts.KubernetesVersion
	if is.Role != model.ControlPlane && from != "" && to != "" && from != to {
		return Upgraded
	}
	return ""
}

// change takes the machines that are other ones, or of another size, one at a time: drained, changed, ready again, next. The control
// plane is the first.
func (r *run) change() error {
	nodes := slices.Clone(r.Stack.Members())
	slices.SortStableFunc(nodes, func(a, b *model.Node) int { return order(a) - order(b) })
	for _, node := range nodes {
		was := r.before.Stack.Node(node.Name)
		if was == nil {
			continue
		}
		what := r.reason(was, node)
		if what == "" {
			continue
		}
		if err := r.drain(node.Name, what, r.before); err != nil {
			return err
		}
		if what == Upgraded {
			r.Cluster.Replace(r.Node(node))
		} else {
			if err := r.end(node.Name); err != nil {
				return err
			}
			r.Cluster.AddNode(r.Node(node))
		}
		if err := r.settleIn(node); err != nil {
			return err
		}
		if err := r.daemons(); err != nil {
			return err
		}
		if err := r.retry(); err != nil {
			return err
		}
	}
	return nil
}

func order(node *model.Node) int {
	if node.Role == model.ControlPlane {
		return 0
	}
	return 1
}

// drain evicts a node's pods under the budgets of a stack. Pods that a budget keeps are taken for evicted once it is reported: the
// update waits there.
func (r *run) drain(node, what string, budgets *placement.Simulation) error {
	eviction, err := rollout.Evict(r.Cluster, budgets, node)
	if err != nil {
		return err
	}
	change := NodeChange{Node: node, What: what, Moves: map[string]int{}, Pending: map[string]int{}, Blocked: eviction.Blocked}
	for _, outcome := range eviction.Successors {
		r.note(outcome)
		if outcome.Node == "" {
			change.Pending[r.whose(outcome.Pod)]++
		} else {
			change.Moves[r.whose(outcome.Pod)]++
		}
	}
	for _, pod := range eviction.Ended {
		r.ended[placement.Key(pod)] = pod
		change.Ended = append(change.Ended, Ended{placement.Key(pod), r.declaredAs(pod)})
	}
	r.update.Nodes = append(r.update.Nodes, change)
	for _, tier := range r.Tiers {
		for _, revision := range []string{placement.Running, placement.Next} {
			if few, there := eviction.Lowest[tier.Controller(revision)]; !there || few > 0 {
				continue
			}
			r.update.Outages = append(r.update.Outages, Outage{tier.Name(), node + " " + what, until(what, change.Moves[tier.Name()] > 0)})
		}
	}
	return nil
}

// until is what ends an outage that a drain brings.
func until(what string, moves bool) string {
	switch {
	case moves:
		return "its pods have started elsewhere"
	case what == Leaves:
		return "another node takes them"
	case what == Replaced:
		return "the new machine has joined"
	default:
		return "the node is back"
	}
}

// end takes a drained node away. What a budget kept on it has a successor that waits.
func (r *run) end(node string) error {
	lost, err := r.Cluster.RemoveNode(node)
	for _, pod := range lost {
		if owner := metav1.GetControllerOfNoCopy(pod); owner != nil && owner.Kind == "ReplicaSet" {
			r.waiting = append(r.waiting, placement.Successor(pod))
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
		if err := r.end(node.Name); err != nil {
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
	r.forget(gone)
	for _, pod := range r.Cluster.Pods() {
		if gone(pod) {
			if err := r.Cluster.Remove(pod); err != nil {
				return err
			}
		}
	}
	return r.retry()
}
