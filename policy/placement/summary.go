package placement

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	corev1 "k8s.io/api/core/v1"
	resourcehelper "k8s.io/component-helpers/resource"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
)

const orElse = " or "

// TierPlacement is where the pods of one Deployment go.
type TierPlacement struct {
	Tier string `json:"tier"`
	// Kind is that of the object, empty for a Deployment.
	Kind     string         `json:"kind,omitempty"`
	URN      string         `json:"-"`
	Replicas int            `json:"replicas"`
	PerNode  map[string]int `json:"perNode"`
	// Pending is how many pods go nowhere, and Reasons the scheduler's own words for it, or the API server's for those that are never made.
	Pending int      `json:"pending"`
	Reasons []string `json:"reasons,omitempty"`
	// Refused is how many of those are never made, and RefusedBy the kinds of the objects that do not allow it.
	Refused   int      `json:"refused,omitempty"`
	RefusedBy []string `json:"refusedBy,omitempty"`
	// Either is set where the scheduler rates nodes the same, so that the pods may also land another way.
	Either []string `json:"either,omitempty"`
	// Preferences are those that no node can meet.
	Preferences []string `json:"preferencesNotMet,omitempty"`
}

// NodeUse is what is asked of a node against what it has.
type NodeUse struct {
	Node string `json:"node"`
	Role string `json:"role"`
	Pods int    `json:"pods"`
	// Requests and allocatable, in millicores and MiB. Allocatable is 0 where the size of the node is not known.
	CPU               int64 `json:"cpuMillis"`
	AllocatableCPU    int64 `json:"allocatableCpuMillis"`
	Memory            int64 `json:"memoryMiB"`
	AllocatableMemory int64 `json:"allocatableMemoryMiB"`
}

// TierPlacements summarizes the outcomes of each Deployment.
func (s *Simulation) TierPlacements() []TierPlacement {
	var placements []TierPlacement
	for _, tier := range s.Tiers {
		placements = append(placements, s.Summary(tier, s.Outcomes))
	}
	return placements
}

// Summary is where the pods of one tier go by the outcomes, which may be of others as well.
func (s *Simulation) Summary(tier *Tier, outcomes []Outcome) TierPlacement {
	p := TierPlacement{Tier: tier.Name(), URN: tier.Resource.URN, Replicas: tier.Replicas(), PerNode: map[string]int{}}
	if tier.Kind != deploymentKind {
		p.Kind = tier.Kind
	}
	for _, outcome := range outcomes {
		if tier.Owns(outcome.Pod) {
			p.add(outcome)
		}
	}
	p.Either = slices.DeleteFunc(p.Either, p.even)
	p.Preferences = s.preferences(tier)
	return p
}

// add counts the outcome of one pod.
func (p *TierPlacement) add(outcome Outcome) {
	if outcome.Node != "" {
		p.PerNode[outcome.Node]++
		if len(outcome.Equal) > 1 {
			p.Either = unique(p.Either, strings.Join(outcome.Equal, orElse))
		}
		return
	}
	p.Pending++
	p.Reasons = unique(p.Reasons, outcome.Reason)
	if outcome.Refusal != nil {
		p.Refused++
		if by := outcome.Refusal.By; by != "" {
			p.RefusedBy = unique(p.RefusedBy, by)
		}
	}
}

// even tells whether each of the nodes got as many pods, so that it does not matter which of them came first.
func (p *TierPlacement) even(either string) bool {
	nodes := strings.Split(either, orElse)
	return !slices.ContainsFunc(nodes, func(node string) bool { return p.PerNode[node] != p.PerNode[nodes[0]] })
}

// SystemPending are the outcomes of pods outside Deployments that go nowhere.
func (s *Simulation) SystemPending() []Outcome {
	var pending []Outcome
	for _, outcome := range s.Outcomes {
		if outcome.Node == "" && s.TierOf(outcome.Pod) == nil {
			pending = append(pending, outcome)
		}
	}
	return pending
}

// TierOf returns the Deployment that the pod belongs to, or nil.
func (s *Simulation) TierOf(pod *corev1.Pod) *Tier {
	for _, tier := range s.Tiers {
		if tier.Owns(pod) {
			return tier
		}
	}
	return nil
}

// NodeUses summarizes what is asked of each node once every pod is placed.
func (s *Simulation) NodeUses() []NodeUse {
	var uses []NodeUse
	for _, node := range s.Stack.Members() {
		use := NodeUse{Node: node.Name, Role: node.Role}
		if node.Allocatable != nil {
			use.AllocatableCPU = node.Allocatable.Cpu().MilliValue()
			use.AllocatableMemory = node.Allocatable.Memory().Value() >> 20
		}
		for _, b := range s.Settled.pods {
			if b.pod.Spec.NodeName != node.Name {
				continue
			}
			requests := resourcehelper.PodRequests(b.pod, resourcehelper.PodResourcesOptions{})
			use.Pods++
			use.CPU += requests.Cpu().MilliValue()
			use.Memory += requests.Memory().Value() >> 20
		}
		uses = append(uses, use)
	}
	return uses
}

// preferences are those node preferences of a tier that no node which may run it meets, and the wish to keep its pods
// apart where there are fewer such nodes than pods.
func (s *Simulation) preferences(tier *Tier) []string {
	pod, _, err := s.Admission.Admit(s.Cluster.s.ctx, tier.Pod(Running, 1))
	if err != nil || pod.Spec.Affinity == nil {
		return nil
	}
	affinity := pod.Spec.Affinity
	var admitted []*corev1.Node
	for _, node := range s.Cluster.Nodes() {
		if Admits(pod, node) {
			admitted = append(admitted, node)
		}
	}
	var unmet []string
	if affinity.NodeAffinity != nil {
		for _, term := range affinity.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
			if !anyMatches(term.Preference, admitted) {
				unmet = append(unmet, fmt.Sprintf("node %s (weight %d): no node that may run %s has it",
					expressions(term.Preference), term.Weight, tier.Name()))
			}
		}
	}
	if affinity.PodAntiAffinity != nil {
		for _, term := range affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
			if term.PodAffinityTerm.TopologyKey == corev1.LabelHostname && tier.selects(term.PodAffinityTerm) && tier.Replicas() > len(admitted) {
				unmet = append(unmet, fmt.Sprintf("pods apart (weight %d): %d pods, %d nodes that may run %s",
					term.Weight, tier.Replicas(), len(admitted), tier.Name()))
			}
		}
	}
	return unmet
}

func anyMatches(term corev1.NodeSelectorTerm, nodes []*corev1.Node) bool {
	selector, err := nodeaffinity.NewNodeSelector(&corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{term}})
	if err != nil {
		return false
	}
	for _, node := range nodes {
		if selector.Match(node) {
			return true
		}
	}
	return false
}

func expressions(term corev1.NodeSelectorTerm) string {
	var parts []string
	for _, e := range append(term.MatchExpressions, term.MatchFields...) {
		part := e.Key + " " + string(e.Operator)
		if len(e.Values) > 0 {
			part += " [" + strings.Join(e.Values, " ") + "]"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " and ")
}

func unique(list []string, item string) []string {
	i := sort.SearchStrings(list, item)
	if i < len(list) && list[i] == item {
		return list
	}
	list = append(list, item)
	sort.Strings(list)
	return list
}
