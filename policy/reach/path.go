// Package reach works out which packets the declared network lets through: between every pair of nodes, from outside, out to what
// nodes fetch, and between pods.
package reach

import "ecommerce-platform/policy/model"

// State is whether packets get through.
type State string

// States of a path. Unknown is neither: the preview cannot tell yet.
const (
	Open    State = "open"
	Closed  State = "closed"
	Unknown State = "unknown"
)

// Path is one kind of traffic from one place to another.
type Path struct {
	// From and To are nodes, workloads, or clients, administrators, the internet and the hosts that nodes fetch something from.
	From string `json:"from"`
	To   string `json:"to"`
	// What is the traffic, such as BGP, and Ports what it uses, such as tcp 179.
	What  string `json:"what"`
	Ports string `json:"ports"`
	// State is what the declared network does with it, Want what the platform needs.
	State State `json:"state"`
	Want  State `json:"want"`
	// Remedy is what to change where State is not what is wanted.
	Remedy string `json:"remedy,omitempty"`
	// Resource is the URN of what the remedy is about.
	Resource string `json:"resource,omitempty"`
}

// Broken tells that the platform cannot work so, or is open where it must not be.
func (p Path) Broken() bool { return p.State != Unknown && p.State != p.Want }

// Analyze returns the paths that the platform needs, and those that nobody may have.
func Analyze(stack *model.Stack) []Path {
	a := newAnalysis(stack)
	if len(a.machines) == 0 {
		stack.NotEvaluatedFact("reachability: this stack holds no machines")
		return a.podPaths()
	}
	a.readSources()
	var paths []Path
	for _, from := range a.machines {
		for _, to := range a.machines {
			if from != to {
				paths = append(paths, a.between(from, to)...)
			}
		}
	}
	for _, m := range a.machines {
		paths = append(paths, a.outward(m)...)
	}
	for _, to := range a.machines {
		paths = append(paths, a.fromOutside(to)...)
	}
	paths = append(paths, a.podPaths()...)
	for _, filter := range stack.Of(networkACLType) {
		stack.NotEvaluated(filter, "")
		for i := range paths {
			paths[i].doubt()
		}
	}
	return paths
}

// networkACLType filters a subnet's packets besides the groups. The platform has none, so its rules are not read here.
const networkACLType = "aws:ec2/networkAcl:NetworkAcl"
