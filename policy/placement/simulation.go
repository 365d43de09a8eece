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
	Cluster *Cluster
	Tiers   []*Tier
	// Settled is the cluster with all pods placed.
	Settled Moment
	// Outcomes are the decisions, in the order in which the scheduler was asked.
	Outcomes []Outcome
}

// Simulate starts a scheduler and places the stack's pods. It returns nil where there is nothing to place or nowhere.
func Simulate(ctx context.Context, stack *model.Stack) (*Simulation, error) {
	if len(stack.Nodes) == 0 {
		if len(stack.Deployments)+len(stack.DaemonSets)+len(stack.Pods) > 0 {
			stack.NotEvaluatedFact("placement: this stack tells of no node")
		}
		return nil, nil
	}
	s := &Simulation{Stack: stack}
	objects := s.objects()
	s.readTiers()
	for _, tier := range s.Tiers {
		objects = append(objects, tier.ReplicaSet(Running), tier.ReplicaSet(Next))
	}
	scheduler, err := Start(ctx, objects)
	if err != nil {
		return nil, err
	}
	var nodes []*corev1.Node
	for _, node := range stack.Nodes {
		if node.CapacityUnknown != "" {
			stack.NotEvaluatedFact(node.CapacityUnknown)
		}
		nodes = append(nodes, kubernetesNode(node))
	}
	if s.Cluster, err = scheduler.Cluster(nodes); err != nil {
		return nil, err
	}
	return s, s.settle()
}

// settle places every pod in the order of a bootstrap: what runs on the control plane, the add-ons, which are scheduled
// before a worker has joined, and then everything else.
func (s *Simulation) settle() error {
	complete := s.Cluster.Now()
	for _, node := range s.Stack.Nodes {
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
	begun := s.Cluster.Now()
	begun.nodes = complete.nodes
	if err := s.Cluster.Return(begun); err != nil {
		return err
	}
	if err := s.putResidents(); err != nil {
		return err
	}
	for _, pod := range append(waiting, s.pods()...) {
		outcome, err := s.Cluster.Schedule(pod)
		if err != nil {
			return err
		}
		s.Outcomes = append(s.Outcomes, outcome)
	}
	s.Settled = s.Cluster.Now()
	return nil
}

// Addons are the cluster's own pods that are scheduled. A stack that does not tell of the control plane cannot tell of them either.
func (s *Simulation) Addons() []*corev1.Pod {
	if !s.hasControlPlane() {
		return nil
	}
	return addons(s.Stack.Nodes)
}

func (s *Simulation) hasControlPlane() bool {
	return slices.ContainsFunc(s.Stack.Nodes, func(node *model.Node) bool { return node.Role == model.ControlPlane })
}

// putResidents adds the pods that come with each node that is there and has none yet.
func (s *Simulation) putResidents() error {
	for _, node := range s.Cluster.Nodes() {
		if len(s.Cluster.On(node.Name)) > 0 {
			continue
		}
		for _, pod := range residents(s.Stack.Node(node.Name)) {
			if err := s.Cluster.Put(pod); err != nil {
				return err
			}
		}
	}
	return nil
}

// pods are those that the scheduler is asked about, the most important first.
func (s *Simulation) pods() []*corev1.Pod {
	var pods []*corev1.Pod
	for _, declared := range s.Stack.DaemonSets {
		pods = append(pods, daemons(declared, s.Cluster.Nodes())...)
	}
	for _, declared := range s.Stack.Pods {
		if s.known(declared.Resource, "spec") && declared.Malformed == nil {
			pods = append(pods, complete(declared.Value.DeepCopy()))
		}
	}
	for _, tier := range s.Tiers {
		for number := range tier.Replicas() {
			pods = append(pods, tier.Pod(Running, number+1))
		}
	}
	sort.SliceStable(pods, func(i, j int) bool { return *pods[i].Spec.Priority > *pods[j].Spec.Priority })
	return pods
}

func (s *Simulation) readTiers() {
	for _, declared := range s.Stack.Deployments {
		if declared.Malformed == nil && s.known(declared.Resource, "spec") {
			s.Tiers = append(s.Tiers, newTier(declared))
		}
	}
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
