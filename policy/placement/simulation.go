package placement

import (
	"context"
	"regexp"
	"slices"
	"sort"

	corev1 "k8s.io/api/core/v1"

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
	// Settled is the cluster with all pods placed.
	Settled Snapshot
	// Outcomes are the decisions, in the order in which the scheduler was asked.
	Outcomes []Outcome
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
	for _, node := range stack.Members() {
		s.Cluster.AddNode(s.Node(node))
	}
	return s, s.settle()
}

// Prepare starts a scheduler that knows the stack's objects, and whose cluster is empty. It returns nil where there is nothing
// to place or nowhere.
func Prepare(ctx context.Context, stack *model.Stack, course *Course) (*Simulation, error) {
	if len(stack.Members()) == 0 {
		if len(stack.Deployments)+len(stack.DaemonSets)+len(stack.Pods) > 0 {
			stack.NotEvaluatedFact("placement: this stack tells of no node")
		}
		return nil, nil
	}
	s := &Simulation{Stack: stack, Course: course}
	objects := s.objects()
	s.readTiers()
	s.beyond()
	for _, tier := range s.Tiers {
		objects = append(objects, tier.ReplicaSet(Running), tier.ReplicaSet(Next))
	}
	scheduler, err := Start(ctx, objects)
	if err != nil {
		return nil, err
	}
	scheduler.course = course
	s.Cluster, err = scheduler.Cluster(nil)
	return s, err
}

// Node is the Node object of a node of the stack, and says where its size is not known.
func (s *Simulation) Node(node *model.Node) *corev1.Node {
	if node.CapacityUnknown != nil {
		s.Stack.AddGap(*node.CapacityUnknown)
	}
	return kubernetesNode(node)
}

// settle places every pod in the order of a bootstrap: what runs on the control plane, the add-ons, which are scheduled
// before a worker has joined, and then everything else.
func (s *Simulation) settle() error {
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
	begun := s.Cluster.Snapshot()
	begun.nodes = complete.nodes
	if err := s.Cluster.Restore(begun); err != nil {
		return err
	}
	if err := s.putResidents(); err != nil {
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

// place offers pods to the scheduler until no other one finds a node: as its queue does, it tries those again that wait for the pods of
// others. It returns what is said of those that stay pending.
func (s *Simulation) place(pods []*corev1.Pod) ([]Outcome, error) {
	for {
		var waiting []*corev1.Pod
		var pending []Outcome
		for _, pod := range pods {
			outcome, err := s.Cluster.Schedule(pod)
			switch {
			case err != nil:
				return nil, err
			case outcome.Node == "":
				waiting, pending = append(waiting, pod), append(pending, outcome)
			default:
				s.Outcomes = append(s.Outcomes, outcome)
			}
		}
		if len(waiting) == 0 || len(waiting) == len(pods) {
			return pending, nil
		}
		pods = waiting
	}
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

// pods are those that the scheduler is asked about, the most important first.
func (s *Simulation) pods() []*corev1.Pod {
	pods := append(s.DaemonPods(), s.SinglePods()...)
	for _, tier := range s.Tiers {
		for number := range tier.Replicas() {
			pods = append(pods, tier.Pod(Running, number+1))
		}
	}
	pods = s.Cluster.Mixed(pods)
	sort.SliceStable(pods, func(i, j int) bool { return *pods[i].Spec.Priority > *pods[j].Spec.Priority })
	return pods
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

// immaterial are the parts of a pod that no scheduler looks at.
var immaterial = regexp.MustCompile(
	`[cC]ontainers\[\d+\]\.(image|env|envFrom|args|command|lifecycle|\w*Probe|securityContext|volumeMounts)\b|\.annotations\b|\.spec\.securityContext\b`)

// known tells whether nothing that decides about placement is unknown below path of r, and records what is.
func (s *Simulation) known(r *model.Resource, path string) bool {
	known := true
	for _, unknown := range r.UnknownBelow(path) {
		if !immaterial.MatchString(unknown) {
			s.Stack.NotEvaluated(r, unknown)
			known = false
		}
	}
	return known
}
