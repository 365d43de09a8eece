package placement

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"

	"ecommerce-platform/policy/admission"
)

// state is what the API server holds of nodes and pods; the scheduler's cache holds nodes and pods on them.
type state struct {
	nodes map[string]*corev1.Node
	pods  map[string]*bound
	// waiting are pods without a node.
	waiting map[string]*corev1.Pod
	// declared are what was asked for, under the names of the pods that were made of it.
	declared map[string]*corev1.Pod
	// preempted says by what the pods were preempted in whose place others came, under the names of those.
	preempted map[string]string
	// claims are those that are declared, and those that were made for pods.
	claims map[string]*corev1.PersistentVolumeClaim
	// homes are the nodes of the claims whose volumes are in one place, by the claim.
	homes map[string]string
}

// bound is a pod on its node, and what the scheduler reserved for it.
type bound struct {
	pod   *corev1.Pod
	cycle fwk.CycleState
}

func newState() state {
	return state{
		map[string]*corev1.Node{}, map[string]*bound{}, map[string]*corev1.Pod{}, map[string]*corev1.Pod{}, map[string]string{},
		map[string]*corev1.PersistentVolumeClaim{}, map[string]string{},
	}
}

func (s state) clone() state {
	return state{
		maps.Clone(s.nodes), maps.Clone(s.pods), maps.Clone(s.waiting), maps.Clone(s.declared), maps.Clone(s.preempted), maps.Clone(s.claims),
		maps.Clone(s.homes),
	}
}

// Cluster is the nodes and pods that the scheduler looks at, and the API server through which pods come to be.
type Cluster struct {
	s         *Scheduler
	admission *admission.Server
	// ledger is what pods and claims use of quotas.
	ledger *admission.Ledger
	// kept are the claims that a controller makes before the pod, and that stay when the pod goes.
	kept func(pod *corev1.Pod) []*corev1.PersistentVolumeClaim
	// local are the claims of a pod that stay on the node where they are first.
	local func(pod *corev1.Pod) []string
	// budgets are what the scheduler reads before it preempts pods.
	budgets func() []*Budget
}

// Snapshot is what a Cluster holds at one time, nodes and pods with their places, to come back to or to start another one from.
type Snapshot struct{ state }

// Cluster empties what the scheduler looks at and adds the nodes. Its API server knows the classes that every cluster has.
func (s *Scheduler) Cluster(nodes []*corev1.Node) (*Cluster, error) {
	server := admission.New(admission.Objects{})
	c := &Cluster{s, server, server.NewLedger(), noClaims, func(*corev1.Pod) []string { return nil }, func() []*Budget { return nil }}
	wanted := newState()
	for _, node := range nodes {
		wanted.nodes[node.Name] = node
	}
	return c, c.Restore(Snapshot{wanted})
}

func key(pod *corev1.Pod) string { return pod.Namespace + "/" + pod.Name }

func (c *Cluster) put(b *bound) error {
	if err := c.s.real.Cache.AddPod(c.logger(), b.pod); err != nil {
		return fmt.Errorf("pod %s: %w", key(b.pod), err)
	}
	c.s.world.pods[key(b.pod)] = b
	return nil
}

// enter is put for a pod that no quota counts yet.
func (c *Cluster) enter(b *bound) error {
	if err := c.ledger.Add(b.pod); err != nil {
		return err
	}
	return c.put(b)
}

// Schedule makes a pod, unless it waits already, asks the scheduler about it and, if it goes anywhere, puts it there.
func (c *Cluster) Schedule(pod *corev1.Pod) (Outcome, error) {
	made, refusal, err := c.Make(pod)
	switch {
	case err != nil:
		return Outcome{Pod: pod}, err
	case refusal != nil:
		return refuse(pod, refusal), nil
	}
	switch refusal, err = c.claimOwn(pod); {
	case err != nil:
		return Outcome{Pod: pod}, err
	case refusal != nil:
		return refuse(made, refusal), nil
	}
	d, err := c.s.decide(made)
	outcome := d.Outcome
	switch {
	case err != nil:
	case outcome.Node != "":
		outcome, err = c.bind(made, d)
	default:
		outcome, err = c.preempt(made, d)
	}
	if home := c.home(pod); home != "" && outcome.Node == "" && err == nil {
		outcome.Reason = fmt.Sprintf("its volume is on %s: %s", home, outcome.Reason)
	}
	if reason := c.s.world.preempted[key(made)]; reason != "" && outcome.Node == "" {
		outcome.Reason = reason + ": " + outcome.Reason
	}
	return outcome, err
}

// bind puts a pod on the node that the scheduler has decided on.
func (c *Cluster) bind(pod *corev1.Pod, d decision) (Outcome, error) {
	placed := pod.DeepCopy()
	placed.Spec.NodeName, placed.Status.StartTime = d.Node, c.started()
	b := &bound{pod: placed}
	if usesClaims(placed) {
		// The volume that the scheduler has in mind for this pod is no other's from now on.
		if status := c.s.fwk.RunReservePluginsReserve(c.s.ctx, d.cycle, placed, d.Node); !status.IsSuccess() {
			return d.Outcome, fmt.Errorf("pod %s: %w", key(pod), status.AsError())
		}
		b.cycle = d.cycle
	}
	d.Pod = placed
	c.settle(placed)
	delete(c.s.world.waiting, key(pod))
	delete(c.s.world.preempted, key(pod))
	return d.Outcome, c.put(b)
}

// Remove takes a pod away, with the claims that are its own.
func (c *Cluster) Remove(pod *corev1.Pod) error {
	for _, claim := range own(c.Declared(pod)) {
		if err := c.unclaim(claimKey(claim)); err != nil {
			return err
		}
	}
	if err := c.unwait(pod); err != nil {
		return err
	}
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
	return c.ledger.Remove(b.pod)
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
	return Snapshot{c.s.world.clone()}
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
	var missing []string
	for name := range to.pods {
		if c.s.world.pods[name] == nil {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	for _, name := range missing {
		b := to.pods[name]
		if b.cycle != nil {
			if status := c.s.fwk.RunReservePluginsReserve(c.s.ctx, b.cycle, b.pod, b.pod.Spec.NodeName); !status.IsSuccess() {
				return fmt.Errorf("pod %s: %w", name, status.AsError())
			}
		}
		if err := c.enter(b); err != nil {
			return err
		}
	}
	c.s.world.declared, c.s.world.preempted, c.s.world.homes = maps.Clone(to.declared), maps.Clone(to.preempted), maps.Clone(to.homes)
	if err := c.restoreClaims(to.claims); err != nil {
		return err
	}
	return c.restoreWaiting(to.waiting)
}

// Load makes this what another scheduler's cluster was. Volumes are as the objects say that this scheduler knows, not as the other
// one had reserved them, but for those that cannot leave their nodes.
func (c *Cluster) Load(from Snapshot) error {
	loaded := from.clone()
	for name, b := range from.pods {
		loaded.pods[name] = &bound{pod: b.pod}
		if start := b.pod.Status.StartTime; start != nil {
			c.s.starts = max(c.s.starts, start.Unix())
		}
	}
	if err := c.Restore(Snapshot{loaded}); err != nil {
		return err
	}
	return c.hold()
}

func (c *Cluster) logger() klog.Logger { return klog.FromContext(c.s.ctx) }
