// Package trial makes stacks, changes to them and what somebody does afterwards by lot, and tries them on a real API server, real
// controllers and a real scheduler.
package trial

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Scenario is a change to a stack, and one thing that somebody does to the cluster afterwards.
type Scenario struct {
	Seed uint64
	// name is that of the namespace, and begins the names of all that no namespace holds.
	name string
	// before is what runs; nil on a new cluster.
	before, after *stack
	// Changes say in words what differs.
	Changes []string
	Probe   Probe
}

// Probe is what is tried after the change: a tier rolls once more, a node is drained, or a CronJob runs, where there is a node while that
// one is drained.
type Probe struct{ Tier, Node, CronJob string }

func (p Probe) String() string {
	switch {
	case p.Tier != "":
		return "restart " + p.Tier
	case p.CronJob == "":
		return "drain " + p.Node
	case p.Node != "":
		return "run " + p.CronJob + " while " + p.Node + " is drained"
	default:
		return "run " + p.CronJob
	}
}

// stack is what a program declares.
type stack struct {
	nodes []node
	tiers []*tier
	// cronJobs are tiers without pods, but while they run.
	cronJobs []*tier
	// maxPods and reserved are of every kubelet: how many pods, and how many millicores are the system's. Default, the kubelet's own.
	maxPods, reserved int
	bounds
}

// node is a machine. It is a worker unless it is the control plane.
type node struct {
	name, instanceType string
	controlPlane       bool
	labels             map[string]string
	taints             []corev1.Taint
}

// Values that nodes and pods have in common, few enough that they meet.
var (
	groups        = []string{"frontend", "backend", "batch"}
	disks         = []string{"ssd", "hdd"}
	zones         = []string{"a", "b"}
	instanceTypes = []string{"t2.small", "t2.medium", "t3.small", "t2.medium", "t3.medium", "t3.medium", "t3.large", "t3.xlarge"}
	effects       = []corev1.TaintEffect{corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute}
	cpus          = []string{"50m", "100m", "100m", "200m", "250m", "400m", "600m", "900m"}
	memories      = []string{"64Mi", "64Mi", "128Mi", "256Mi", "512Mi", "1Gi"}
)

// caseLabel is on the nodes of a scenario, and selected by its pods: scenarios share a cluster.
const caseLabel = "case"

type generator struct {
	*rand.Rand
	name string
}

// Generate makes the scenario of a seed: the same seed, the same scenario.
func Generate(seed uint64) Scenario {
	g := generator{rand.New(rand.NewPCG(seed, 0)), fmt.Sprintf("case-%d", seed)}
	// Sources of their own for bounds and for CronJobs, which come besides.
	b := generator{rand.New(rand.NewPCG(seed, 1)), g.name}
	c := generator{rand.New(rand.NewPCG(seed, 2)), g.name}
	s := Scenario{Seed: seed, name: g.name, after: g.stack()}
	b.bound(s.after)
	scheduled := seed >= FirstWithCronJobs
	if scheduled {
		c.schedule(s.after)
	}
	if g.often(85) {
		s.before = s.after
		s.after = s.before.copy()
		for range 1 + g.IntN(3) {
			if words := g.change(s.after); words != "" {
				s.Changes = append(s.Changes, words)
			}
		}
		if words := b.changeBounds(s.after); words != "" {
			s.Changes = append(s.Changes, words)
		}
		if scheduled {
			if words := c.changeSchedule(s.after); words != "" {
				s.Changes = append(s.Changes, words)
			}
		}
	}
	s.Probe = g.probe(s.before, s.after)
	if scheduled {
		s.Probe = c.probeRun(s.after)
	}
	return s
}

func (g generator) stack() *stack {
	s := &stack{}
	if g.often(40) {
		s.nodes = append(s.nodes, node{name: g.name + "-control-plane", instanceType: "t3.medium", controlPlane: true, labels: map[string]string{}})
	}
	for range 2 + g.IntN(3) {
		s.nodes = append(s.nodes, g.node(s))
	}
	if g.often(20) {
		s.maxPods = 6 + g.IntN(8)
	}
	if g.often(20) {
		s.reserved = 100 * (1 + g.IntN(4))
	}
	for range 2 + g.IntN(4) {
		s.tiers = append(s.tiers, g.tier(s))
	}
	return s
}

func one[T any](g generator, of []T) T { return of[g.IntN(len(of))] }

// often is true in so many cases of a hundred.
func (g generator) often(percent int) bool { return g.IntN(100) < percent }

// node is another worker, of the next number.
func (g generator) node(s *stack) node {
	n := node{
		name: fmt.Sprintf("%s-node-%d", g.name, s.next(func(i int) bool { return s.node(fmt.Sprintf("%s-node-%d", g.name, i)) != nil })), instanceType: one(g, instanceTypes),
		labels: map[string]string{corev1.LabelTopologyZone: one(g, zones), "group": one(g, groups), "storage": one(g, disks)},
	}
	if g.often(15) {
		n.taints = []corev1.Taint{g.taint()}
	}
	return n
}

func (g generator) taint() corev1.Taint {
	return corev1.Taint{Key: "group", Value: one(g, groups), Effect: one(g, effects)}
}

// next is the first number that is not taken.
func (s *stack) next(taken func(int) bool) int {
	number := 1
	for taken(number) {
		number++
	}
	return number
}

// node returns the node of that name, or nil.
func (s *stack) node(name string) *node {
	for i := range s.nodes {
		if s.nodes[i].name == name {
			return &s.nodes[i]
		}
	}
	return nil
}

// workers are the indices of the nodes that are no control plane.
func (s *stack) workers() []int {
	var workers []int
	for i, n := range s.nodes {
		if !n.controlPlane {
			workers = append(workers, i)
		}
	}
	return workers
}

// probe is a rollout of a tier that the change has not rolled, or a drain.
func (g generator) probe(before, after *stack) Probe {
	if g.often(50) {
		var idle []string
		for _, t := range after.tiers {
			rolls := t.kind == "Deployment" || t.kind == "StatefulSet"
			if rolls && t.replicas > 0 && (before == nil || before.tier(t.name) != nil && before.tier(t.name).template.String() == t.template.String()) {
				idle = append(idle, t.name)
			}
		}
		if len(idle) > 0 {
			return Probe{Tier: one(g, idle)}
		}
	}
	return Probe{Node: after.nodes[one(g, after.workers())].name}
}

// Describe shows the scenario to a person: the stacks as JSON.
func (s Scenario) Describe() string {
	var text strings.Builder
	for _, shown := range []struct {
		what string
		*stack
	}{{"before", s.before}, {"after", s.after}} {
		body, err := json.MarshalIndent(shown.exported(s.name), "", " ")
		if err != nil {
			body = []byte(err.Error())
		}
		fmt.Fprintf(&text, "%s: %s\n", shown.what, body)
	}
	return text.String()
}
