package placement

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
)

// state is what the scheduler's cache holds.
type state struct {
	nodes map[string]*corev1.Node
	pods  map[string]*bound
}

// bound is a pod on its node, and what the scheduler reserved for it.
type bound struct {
	pod   *corev1.Pod
	cycle fwk.CycleState
}

func newState() state { return state{map[string]*corev1.Node{}, map[string]*bound{}} }

// Cluster is the nodes and pods that the scheduler looks at.
type Cluster struct{ s *Scheduler }

// Snapshot is what a Cluster holds at one time, nodes and pods with their places, to come back to or to start another one from.
type Snapshot struct{ state }

// Cluster empties what the scheduler looks at and adds the nodes.
func (s *Scheduler) Cluster(nodes []*corev1.Node) (*Cluster, error) {
	c := &Cluster{s}
	wanted := newState()
	for _, node := range nodes {
		wanted.nodes[node.Name] = node
	}
	return c, c.Restore(Snapshot{wanted})
}

func key(pod *corev1.Pod) string { return pod.Namespace + "/" + pod.Name }

// Put adds a pod that is on a node already, whether or not it fits there.
func (c *Cluster) Put(pod *corev1.Pod) error { return c.put(&bound{pod: pod}) }

func (c *Cluster) put(b *bound) error {
	if err := c.s.real.Cache.AddPod(c.logger(), b.pod); err != nil {
		return fmt.Errorf("pod %s: %w", key(b.pod), err)
	}
	c.s.world.pods[key(b.pod)] = b
	return nil
}

// Schedule asks the scheduler about a pod and, if it goes anywhere, puts it there.
func (c *Cluster) Schedule(pod *corev1.Pod) (Outcome, error) {
	outcome, cycle, err := c.s.decide(pod)
	if err != nil || outcome.Node == "" {
		return outcome, err
	}
	placed := pod.DeepCopy()
	placed.Spec.NodeName = outcome.Node
	b := &bound{pod: placed}
	if usesClaims(placed) {
		// The volume that the scheduler has in mind for this pod is no other's from now on.
		if status := c.s.fwk.RunReservePluginsReserve(c.s.ctx, cycle, placed, outcome.Node); !status.IsSuccess() {
			return outcome, fmt.Errorf("pod %s: %w", key(pod), status.AsError())
		}
		b.cycle = cycle
	}
	outcome.Pod = placed
	return outcome, c.put(b)
}

// Remove takes a pod away.
func (c *Cluster) Remove(pod *corev1.Pod) error {
	b, ok := c.s.world.pods[key(pod)]
	if !ok {
		return nil
	}
	if err := c.s.real.Cache.RemovePod(c.logger(), b.pod); err != nil {
		return fmt.Errorf("pod %s: %w", key(pod), err)
	}
	if b.cycle != nil {
		c.s.fwk.RunReservePluginsUnreserve(c.s.ctx, b.cycle, b.pod, b.pod.Spec.NodeName)
	}
	delete(c.s.world.pods, key(pod))
	return nil
}

// RemoveNode takes a node away with its pods, which it returns by name.
func (c *Cluster) RemoveNode(name string) ([]*corev1.Pod, error) {
	lost := c.On(name)
	for _, pod := range lost {
		if err := c.Remove(pod); err != nil {
			return nil, err
		}
	}
	node := c.s.world.nodes[name]
	if err := c.s.real.Cache.RemoveNode(c.logger(), node); err != nil {
		return nil, fmt.Errorf("node %s: %w", name, err)
	}
	delete(c.s.world.nodes, name)
	return lost, nil
}

// AddNode adds a node without pods.
func (c *Cluster) AddNode(node *corev1.Node) {
	c.s.real.Cache.AddNode(c.logger(), node)
	c.s.world.nodes[node.Name] = node
}

// Replace gives a node other labels, taints or sizes; it becomes unschedulable, for instance.
func (c *Cluster) Replace(node *corev1.Node) {
	c.s.real.Cache.UpdateNode(c.logger(), c.s.world.nodes[node.Name], node)
	c.s.world.nodes[node.Name] = node
}

// Mixed is pods in the order in which they come in this course.
func (c *Cluster) Mixed(pods []*corev1.Pod) []*corev1.Pod { return Mixed(c.s.course, pods) }

// Nodes returns the nodes by name.
func (c *Cluster) Nodes() []*corev1.Node {
	var nodes []*corev1.Node
	for _, name := range slices.Sorted(maps.Keys(c.s.world.nodes)) {
		nodes = append(nodes, c.s.world.nodes[name])
	}
	return nodes
}

// Pods returns the pods that are on a node, by namespace and name.
func (c *Cluster) Pods() []*corev1.Pod {
	var pods []*corev1.Pod
	for _, name := range slices.Sorted(maps.Keys(c.s.world.pods)) {
		pods = append(pods, c.s.world.pods[name].pod)
	}
	return pods
}

// On returns the pods that are on a node, by namespace and name.
func (c *Cluster) On(node string) []*corev1.Pod {
	var pods []*corev1.Pod
	for _, b := range c.s.world.pods {
		if b.pod.Spec.NodeName == node {
			pods = append(pods, b.pod)
		}
	}
	slices.SortFunc(pods, func(a, b *corev1.Pod) int { return strings.Compare(key(a), key(b)) })
	return pods
}

// Snapshot returns the present state.
func (c *Cluster) Snapshot() Snapshot {
	return Snapshot{state{maps.Clone(c.s.world.nodes), maps.Clone(c.s.world.pods)}}
}

// Restore brings a state back.
func (c *Cluster) Restore(to Snapshot) error {
	for name, b := range maps.Clone(c.s.world.pods) {
		if to.pods[name] != b {
			if err := c.Remove(b.pod); err != nil {
				return err
			}
		}
	}
	for name, node := range maps.Clone(c.s.world.nodes) {
		switch wanted := to.nodes[name]; wanted {
		case node:
		case nil:
			if err := c.s.real.Cache.RemoveNode(c.logger(), node); err != nil {
				return fmt.Errorf("node %s: %w", name, err)
			}
			delete(c.s.world.nodes, name)
		default:
			c.Replace(wanted)
		}
	}
	for name, node := range to.nodes {
		if c.s.world.nodes[name] == nil {
			c.AddNode(node)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(to.pods)) {
		if b := to.pods[name]; c.s.world.pods[name] == nil {
			if b.cycle != nil {
				if status := c.s.fwk.RunReservePluginsReserve(c.s.ctx, b.cycle, b.pod, b.pod.Spec.NodeName); !status.IsSuccess() {
					return fmt.Errorf("pod %s: %w", name, status.AsError())
				}
			}
			if err := c.put(b); err != nil {
				return err
			}
		}
	}
	return nil
}

// Load makes this what another scheduler's cluster was. Volumes are as the objects say that this scheduler knows, not as the other
// one had reserved them.
func (c *Cluster) Load(from Snapshot) error {
	loaded := newState()
	maps.Copy(loaded.nodes, from.nodes)
	for name, b := range from.pods {
		loaded.pods[name] = &bound{pod: b.pod}
	}
	return c.Restore(Snapshot{loaded})
}

func (c *Cluster) logger() klog.Logger { return klog.FromContext(c.s.ctx) }

func usesClaims(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.PersistentVolumeClaim != nil })
}
