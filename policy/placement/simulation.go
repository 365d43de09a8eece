package placement

import (
	"context"
	"maps"
	"slices"
	"sort"

	corev1 "k8s.io/api/core/v1"
	corev1helpers "k8s.io/component-helpers/scheduling/corev1"

	"ecommerce-platform/policy/admission"
	"ecommerce-platform/policy/model"
)

// Revisions of a Deployment's pods: those that run, and those that a rollout brings.
const (
	Running = "running"
	Next    = "next"
)

// Simulation is the cluster after every declared pod has been offered to the scheduler. The analyses of rollouts, drains
// and lost nodes go on from there.
type Simulation struct {
	Stack   *model.Stack
	Course  *Course
	Cluster *Cluster
	Tiers   []*Tier
	// Runs are one run of each CronJob. Its pods are there for a while only, so that it is none of the Tiers.
	Runs []*Tier
	// Admission is the API server under the stack's objects.
	Admission *admission.Server
	// Settled is the cluster with all pods placed.
	Settled Snapshot
	// Outcomes are the decisions, in the order in which the scheduler was asked.
	Outcomes []Outcome
	// ended are pods that others have preempted and that nothing makes again.
	ended []Outcome
}

// Simulate places the stack's pods on a new cluster, in the usual course. It returns nil where there is nothing to place or nowhere.
func Simulate(ctx context.Context, stack *model.Stack) (*Simulation, error) {
	return SimulateIn(ctx, stack, NewCourse(0))
}

// SimulateIn is Simulate in another course.
func SimulateIn(ctx context.Context, stack *model.Stack, course *Course) (*Simulation, error) {
	s, err := Prepare(ctx, stack, course)
	if err != nil || s == nil {
		return nil, err
	}
	return s, s.Settle()
}

// In is the simulation with an empty cluster and in another course, on the same scheduler: this one is of no use any more.
func (s *Simulation) In(course *Course) (*Simulation, error) {
	other := &Simulation{Stack: s.Stack, Course: course, Cluster: s.Cluster, Tiers: s.Tiers, Runs: s.Runs, Admission: s.Admission}
	s.Cluster.s.course = course
	if err := s.Cluster.Restore(Snapshot{newState()}); err != nil {
		return nil, err
	}
	return other, other.Govern(s.Cluster)
}

// Prepare starts a scheduler that knows the stack's objects, and whose cluster is empty. It returns nil where there is nothing
// to place or nowhere.
func Prepare(ctx context.Context, stack *model.Stack, course *Course) (*Simulation, error) {
	if len(stack.Members()) == 0 {
		if len(stack.Workloads) > 0 {
			stack.NotEvaluatedFact("placement: this stack tells of no node")
		}
		return nil, nil
	}
	server := admission.Of(stack)
	s := &Simulation{Stack: stack, Course: course, Admission: server}
	s.readTiers()
	objects := s.objects()
	s.beyond()
	for _, tier := range slices.Concat(s.Tiers, s.Runs) {
		objects = append(objects, tier.ReplicaSet(Running), tier.ReplicaSet(Next))
	}
	scheduler, err := Start(ctx, objects)
	if err != nil {
		return nil, err
	}
	scheduler.course = course
	if s.Cluster, err = scheduler.Cluster(nil); err != nil {
		return nil, err
	}
	return s, s.Govern(s.Cluster)
}

// Node is the Node object of a node of the stack, and says where its size is not known.
func (s *Simulation) Node(node *model.Node) *corev1.Node {
	if node.CapacityUnknown != nil {
		s.Stack.AddGap(*node.CapacityUnknown)
	}
	return kubernetesNode(node)
}

// Settle adds the stack's nodes to the empty cluster and places every pod in the order of a bootstrap: what runs on the control plane, the
// add-ons, which are scheduled before a worker has joined, and then everything else.
func (s *Simulation) Settle() error {
	for _, node := range s.Stack.Members() {
		s.Cluster.AddNode(s.Node(node))
	}
	complete := s.Cluster.Snapshot()
	for _, node := range s.Stack.Members() {
		if node.Role == model.ControlPlane || !s.hasControlPlane() {
			continue
		}
		if _, err := s.Cluster.RemoveNode(node.Name); err != nil {
			return err
		}
	}
	if err := s.putResidents(); err != nil {
		return err
	}
	var waiting []*corev1.Pod
	for _, pod := range s.Addons() {
		outcome, err := s.Cluster.Schedule(pod)
		switch {
		case err != nil:
			return err
		case outcome.Node == "":
			waiting = append(waiting, pod)
		default:
			s.Outcomes = append(s.Outcomes, outcome)
		}
	}
	waiting, err := s.workersJoin(complete, waiting)
	if err != nil {
		return err
	}
	pending, err := s.place(append(waiting, s.pods()...))
	if err != nil {
		return err
	}
	s.Outcomes = append(s.Outcomes, pending...)
	s.Settled = s.Cluster.Snapshot()
	return nil
}

// workersJoin brings the nodes that are not there yet, each with the pods that come with it. In most courses they join one at a time, and
// the add-ons that wait do not wait for the last one. It returns those that still wait.
func (s *Simulation) workersJoin(complete Snapshot, waiting []*corev1.Pod) ([]*corev1.Pod, error) {
	there := s.Cluster.Snapshot()
	var join []string
	for _, name := range slices.Sorted(maps.Keys(complete.nodes)) {
		if there.nodes[name] == nil {
			join = append(join, name)
		}
	}
	for i, name := range Mixed(s.Course, join) {
		s.Cluster.AddNode(complete.nodes[name])
		if err := s.putResidents(); err != nil {
			return nil, err
		}
		if s.Course.atOnce() && i < len(join)-1 {
			continue
		}
		still, err := s.place(waiting)
		if err != nil {
			return nil, err
		}
		waiting = again(still)
	}
	return waiting, nil
}

// place makes pods and offers them to the scheduler until no other one finds a node: as its queue does, it tries those again that wait
// for the pods of others, the most important first. Before, they come as they are made, since a scheduler is faster than what makes them.
// It returns what is said of those that stay pending or are never made.
func (s *Simulation) place(pods []*corev1.Pod) ([]Outcome, error) {
	for {
		queue, pending, err := s.queue(pods)
		if err != nil {
			return nil, err
		}
		progress := false
		for _, pod := range queue {
			outcome, err := s.Cluster.Schedule(pod)
			if err != nil {
				return nil, err
			}
			progress = progress || outcome.Node != ""
			pending = s.settled(pending, outcome)
			for _, displaced := range outcome.Displaced {
				s.Outcomes = slices.DeleteFunc(s.Outcomes, func(o Outcome) bool { return key(o.Pod) == key(displaced.Victim) })
				pending = s.settled(pending, displaced)
			}
		}
		if pods = again(pending); len(pods) == 0 || !progress {
			return append(pending, s.ended...), nil
		}
		sort.SliceStable(pods, func(i, j int) bool { return corev1helpers.PodPriority(pods[i]) > corev1helpers.PodPriority(pods[j]) })
	}
}

// settled remembers a decision for good, or among those that are pending.
func (s *Simulation) settled(pending []Outcome, outcome Outcome) []Outcome {
	switch {
	case outcome.Ended:
		s.ended = append(s.ended, outcome)
	case outcome.Node == "":
		return append(pending, outcome)
	default:
		s.Outcomes = append(s.Outcomes, outcome)
	}
	return pending
}

// again are the pods of outcomes, to be offered once more.
func again(outcomes []Outcome) []*corev1.Pod {
	var pods []*corev1.Pod
	for _, outcome := range outcomes {
		pods = append(pods, outcome.Pod)
	}
	return pods
}

// queue makes the pods, in this order, and returns those that are made, and what is said of the others.
func (s *Simulation) queue(pods []*corev1.Pod) (made []*corev1.Pod, refused []Outcome, err error) {
	for _, pod := range pods {
		waits, refusal, err := s.Cluster.Make(pod)
		switch {
		case err != nil:
			return nil, nil, err
		case refusal != nil:
			refused = append(refused, refuse(pod, refusal))
		default:
			made = append(made, waits)
		}
	}
	return made, refused, nil
}

// Addons are the cluster's own pods that are scheduled. A stack that does not tell of the control plane cannot tell of them either.
func (s *Simulation) Addons() []*corev1.Pod {
	if !s.hasControlPlane() {
		return nil
	}
	return addons(s.Stack.Members())
}

func (s *Simulation) hasControlPlane() bool {
	return slices.ContainsFunc(s.Stack.Members(), func(node *model.Node) bool { return node.Role == model.ControlPlane })
}

// putResidents adds the pods that come with each node that is there and has none yet.
func (s *Simulation) putResidents() error {
	for _, node := range s.Cluster.Nodes() {
		if len(s.Cluster.On(node.Name)) > 0 {
			continue
		}
		for _, pod := range Residents(s.Stack.Node(node.Name)) {
			if err := s.Cluster.Put(pod); err != nil {
				return err
			}
		}
	}
	return nil
}

// pods are those that are asked for, in the order of this course.
func (s *Simulation) pods() []*corev1.Pod {
	pods := append(s.DaemonPods(), s.SinglePods()...)
	for _, tier := range s.Tiers {
		for number := range tier.Replicas() {
			pods = append(pods, tier.Pod(Running, number+1))
		}
	}
	return s.Cluster.Mixed(pods)
}

// DaemonPods are those that the stack's DaemonSets make on the nodes that are in the cluster.
func (s *Simulation) DaemonPods() []*corev1.Pod {
	var pods []*corev1.Pod
	for _, declared := range s.Stack.DaemonSets {
		if s.declared(declared.Resource) {
			pods = append(pods, daemons(declared, s.Cluster.Nodes())...)
		}
	}
	return pods
}

// SinglePods are those that the program declares as such.
func (s *Simulation) SinglePods() []*corev1.Pod {
	var pods []*corev1.Pod
	for _, declared := range s.Stack.Pods {
		if declared.Malformed == nil && s.declared(declared.Resource) {
			pods = append(pods, complete(declared.Value.DeepCopy()))
		}
	}
	return pods
}
