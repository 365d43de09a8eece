// Package nodeloss tells what losing each node does: which tiers stay up, what moves to which node, what stays Pending, and
// which data is gone.
package nodeloss

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/placement"
)

// Loss is what losing one node does once Kubernetes has given the node up, five minutes after it fell silent.
type Loss struct {
	Node string `json:"node"`
	// Tiers is what becomes of each tier.
	Tiers []TierLoss `json:"tiers"`
	// DataLost names what is on the node's disk only.
	DataLost []string `json:"dataLost,omitempty"`
	// ControlPlane is set where the API goes with the node: then nothing moves at all, and what runs keeps running.
	ControlPlane bool `json:"controlPlane,omitempty"`
}

// TierLoss is what becomes of one tier.
type TierLoss struct {
	Tier string `json:"tier"`
	// StaysUp pods are elsewhere anyway, Moves find another node, Pending find none.
	StaysUp int `json:"staysUp"`
	Moves   int `json:"moves"`
	Pending int `json:"pending"`
	// To counts the moved pods by node, and Reason is the scheduler's own for those that find none.
	To     map[string]int `json:"to,omitempty"`
	Reason string         `json:"reason,omitempty"`
	// Failover is set where an instance of a database is lost and others stay up.
	Failover *Failover `json:"failover,omitempty"`
}

// Down tells whether no pod of the tier is left.
func (t TierLoss) Down() bool { return t.StaysUp+t.Moves == 0 && t.Pending > 0 }

// Gap tells whether no pod of the tier is left until those that move have started elsewhere.
func (t TierLoss) Gap() bool { return t.StaysUp == 0 && t.Moves > 0 }

// NoAPI is why no pod finds a node after a loss that takes the API with it.
const NoAPI = "the API server is gone: nothing is scheduled until it is back"

// Analyze loses each node in turn.
func Analyze(s *placement.Simulation) ([]Loss, error) {
	if err := s.Cluster.Restore(s.Settled); err != nil {
		return nil, err
	}
	pods := perTier(s)
	var losses []Loss
	for _, node := range s.Stack.Members() {
		if err := s.Cluster.Restore(s.Settled); err != nil {
			return nil, err
		}
		loss, _, err := lose(s, pods, node.Name, node)
		if err != nil {
			return nil, err
		}
		losses = append(losses, loss)
	}
	return losses, s.Cluster.Restore(s.Settled)
}

// Lose takes nodes of the settled cluster away at once, and leaves it so; name is what they are called together. The outcomes are the
// decisions about the pods that come in the place of the lost ones.
func Lose(s *placement.Simulation, name string, nodes ...*model.Node) (Loss, []placement.Outcome, error) {
	return lose(s, perTier(s), name, nodes...)
}

// perTier counts the cluster's pods.
func perTier(s *placement.Simulation) map[*placement.Tier]int {
	pods := map[*placement.Tier]int{}
	for _, pod := range s.Cluster.Pods() {
		pods[s.TierOf(pod)]++
	}
	return pods
}

func lose(s *placement.Simulation, pods map[*placement.Tier]int, name string, nodes ...*model.Node) (Loss, []placement.Outcome, error) {
	loss := Loss{Node: name}
	var gone []*corev1.Pod
	instances := instancesBy(s, nodes)
	for _, node := range nodes {
		loss.DataLost = append(loss.DataLost, data(s, node, instances)...)
		lost, err := s.Cluster.RemoveNode(node.Name)
		if err != nil {
			return loss, nil, err
		}
		gone = append(gone, lost...)
		loss.ControlPlane = loss.ControlPlane || node.Role == model.ControlPlane
	}
	loss.ControlPlane = loss.ControlPlane && !slices.ContainsFunc(s.Stack.Members(), func(other *model.Node) bool {
		return other.Role == model.ControlPlane && !slices.Contains(nodes, other)
	})
	moved := &moves{Simulation: s}
	for _, tier := range s.Tiers {
		for _, pod := range gone {
			if !tier.Owns(pod) {
				continue
			}
			if loss.ControlPlane {
				moved.add(placement.Outcome{Pod: pod, Reason: NoAPI})
				continue
			}
			outcome, err := s.Cluster.Schedule(s.Cluster.Successor(pod))
			if err != nil {
				return loss, nil, err
			}
			moved.add(outcome)
		}
	}
	for _, tier := range s.Tiers {
		t := moved.of(tier, pods[tier])
		failover, err := failoverOf(tier, instances[tier], loss.ControlPlane, s.Stack.Facts.NodeMonitorGracePeriod)
		if err != nil {
			return loss, nil, err
		}
		t.Failover = failover
		loss.Tiers = append(loss.Tiers, t)
	}
	return loss, moved.outcomes, nil
}

// moves are the decisions about the pods that come in place of those which are gone: from a lost node, or preempted by such a pod.
type moves struct {
	*placement.Simulation
	outcomes []placement.Outcome
}

func (m *moves) add(outcome placement.Outcome) {
	m.outcomes = append(m.outcomes, outcome)
	for _, displaced := range outcome.Displaced {
		// One that has moved itself is not gone twice.
		m.outcomes = slices.DeleteFunc(m.outcomes, func(o placement.Outcome) bool { return placement.Key(o.Pod) == placement.Key(displaced.Victim) })
		m.outcomes = append(m.outcomes, displaced)
	}
}

// of counts what becomes of a tier that had so many pods.
func (m *moves) of(tier *placement.Tier, pods int) TierLoss {
	t := TierLoss{Tier: tier.Name(), StaysUp: pods, To: map[string]int{}}
	for _, outcome := range m.outcomes {
		if !tier.Owns(outcome.Pod) {
			continue
		}
		t.StaysUp--
		if outcome.Node == "" {
			t.Pending++
			t.Reason = outcome.Reason
			continue
		}
		t.Moves++
		t.To[outcome.Node]++
	}
	return t
}

// data is what only the node's own disk holds: local volumes that a tier uses, and etcd.
func data(s *placement.Simulation, node *model.Node, instances map[*placement.Tier]spread) []string {
	var lost []string
	if node.Role == model.ControlPlane {
		lost = append(lost, "etcd: the state of the cluster")
	}
	object := &corev1.Node{}
	object.Name, object.Labels = node.Name, node.Labels
	for _, volume := range s.Stack.Volumes {
		spec := volume.Value.Spec
		if volume.Malformed != nil || spec.Local == nil && spec.HostPath == nil {
			continue
		}
		if volume.Value.Annotations[model.DiskAnnotation] != "" {
			continue // the next machine gets the disk with what is on it
		}
		if !placement.Reaches(&volume.Value, object) {
			continue
		}
		if tier := databaseOf(s, &volume.Value); tier != nil {
			for _, claim := range instances[tier].onlyOn(tier, node.Name) {
				lost = append(lost, fmt.Sprintf("volume %s (claim %s)", volume.Value.Name, claim))
			}
			continue
		}
		claim := "no claim"
		if spec.ClaimRef != nil {
			claim = "claim " + spec.ClaimRef.Namespace + "/" + spec.ClaimRef.Name
		}
		lost = append(lost, fmt.Sprintf("volume %s (%s)", volume.Value.Name, claim))
	}
	return lost
}
