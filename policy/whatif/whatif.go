// Package whatif answers what would happen to a stack that runs if nodes were lost, drained or added, with the analyses of a review.
package whatif

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"ecommerce-platform/policy/cronjob"
	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/nodeloss"
	"ecommerce-platform/policy/placement"
	"ecommerce-platform/policy/report"
	"ecommerce-platform/policy/rollout"
	"ecommerce-platform/policy/update"
)

// What a change of a scenario is called, beside those of package update.
const (
	lost    = "is lost for good"
	drained = "is drained"
)

// LoseNode loses a node for good.
func LoseNode(ctx context.Context, resources []policyx.AnalyzerResource, name string) (*report.Report, error) {
	stack := model.Read(resources)
	node, err := member(stack, name)
	if err != nil {
		return nil, err
	}
	return lose(ctx, stack, name, node)
}

// LoseZone loses every node of an availability zone at once.
func LoseZone(ctx context.Context, resources []policyx.AnalyzerResource, zone string) (*report.Report, error) {
	stack := model.Read(resources)
	var nodes []*model.Node
	var zones []string
	for _, node := range stack.Members() {
		switch in := report.Zone(node); {
		case in == zone && zone != "":
			nodes = append(nodes, node)
		case in != "" && !slices.Contains(zones, in):
			zones = append(zones, in)
		}
	}
	if len(nodes) == 0 {
		return nil, fmt.Errorf("zone %q: no node is known to be in it; the zones known are %s", zone, orNone(zones))
	}
	return lose(ctx, stack, "zone "+zone, nodes...)
}

func lose(ctx context.Context, stack *model.Stack, name string, nodes ...*model.Node) (*report.Report, error) {
	s, r, err := settled(ctx, stack)
	if err != nil {
		return nil, err
	}
	loss, successors, err := nodeloss.Lose(s, name, nodes...)
	if err != nil {
		return nil, err
	}
	change := update.NodeChange{Node: name, What: lost, Moves: map[string]int{}, Pending: map[string]int{}}
	for _, tier := range loss.Tiers {
		change.Moves[tier.Tier], change.Pending[tier.Tier] = tier.Moves, tier.Pending
		if tier.StaysUp == 0 && tier.Moves+tier.Pending > 0 {
			until := "another node takes them"
			if tier.Moves > 0 {
				until = "its pods have started elsewhere"
			}
			r.Outages = append(r.Outages, update.Outage{Tier: tier.Tier, While: name + " " + lost, Until: until})
		}
	}
	r.NodeLoss = []nodeloss.Loss{loss}
	if r.CronJobs, err = cronjob.Start(s, s.Cluster.Snapshot(), loss); err != nil {
		return nil, err
	}
	gone := func(node string) bool {
		return slices.ContainsFunc(nodes, func(n *model.Node) bool { return n.Name == node })
	}
	conclude(s, r, change, successors)
	r.Network.Machines = slices.DeleteFunc(r.Network.Machines, func(m report.Machine) bool { return gone(m.Node) })
	r.Placement.Nodes = slices.DeleteFunc(r.Placement.Nodes, func(n placement.NodeUse) bool { return gone(n.Node) })
	return r, nil
}

// Drain evicts the pods of a node, which stays in the cluster.
func Drain(ctx context.Context, resources []policyx.AnalyzerResource, name string) (*report.Report, error) {
	stack := model.Read(resources)
	if _, err := member(stack, name); err != nil {
		return nil, err
	}
	s, r, err := settled(ctx, stack)
	if err != nil {
		return nil, err
	}
	eviction, err := rollout.Evict(s.Cluster, s, name)
	if err != nil {
		return nil, err
	}
	change := update.NodeChange{Node: name, What: drained, Moves: map[string]int{}, Pending: map[string]int{}, Blocked: eviction.Blocked}
	for _, outcome := range eviction.Successors {
		tier := s.TierOf(outcome.Pod)
		switch {
		case tier == nil:
		case outcome.Node == "":
			change.Pending[tier.Name()]++
		default:
			change.Moves[tier.Name()]++
		}
	}
	for _, tier := range s.Tiers {
		if few, there := eviction.Lowest[tier.Controller(placement.Running)]; there && few == 0 {
			until := "the node takes pods again"
			if change.Moves[tier.Name()] > 0 {
				until = "its pods have started elsewhere"
			}
			r.Outages = append(r.Outages, update.Outage{Tier: tier.Name(), While: name + " " + drained, Until: until})
		}
	}
	r.Drains = []rollout.Drain{eviction.Drain}
	if r.CronJobs, err = cronjob.Start(s, s.Cluster.Snapshot(), nodeloss.Loss{}); err != nil {
		return nil, err
	}
	conclude(s, r, change, eviction.Successors)
	return r, nil
}

// member is a node of the cluster.
func member(stack *model.Stack, name string) (*model.Node, error) {
	var names []string
	for _, node := range stack.Members() {
		if node.Name == name {
			return node, nil
		}
		names = append(names, node.Name)
	}
	return nil, fmt.Errorf("node %q: the stack has %s", name, orNone(names))
}

// settled is the cluster that runs, and a report that starts from it.
func settled(ctx context.Context, stack *model.Stack) (*placement.Simulation, *report.Report, error) {
	s, err := placement.Simulate(ctx, stack)
	if err != nil {
		return nil, nil, err
	}
	if s == nil {
		return nil, nil, errors.New("resources: no node and nothing to place")
	}
	before := report.StateOf(s)
	return s, &report.Report{Layers: stack.Layers(), Baseline: report.Runs, Before: &before}, nil
}

// conclude puts together what the cluster is in the end.
func conclude(s *placement.Simulation, r *report.Report, change update.NodeChange, successors []placement.Outcome) {
	r.Update = []update.NodeChange{change}
	s.Settled = s.Cluster.Snapshot()
	s.Outcomes = nil
	for _, pod := range s.Cluster.Pods() {
		s.Outcomes = append(s.Outcomes, placement.Outcome{Pod: pod, Node: pod.Spec.NodeName})
	}
	for _, outcome := range successors {
		if outcome.Node == "" {
			s.Outcomes = append(s.Outcomes, outcome)
		}
	}
	after := report.StateOf(s)
	r.Network, r.Placement = after.Network, after.Placement
	r.NotEvaluated = s.Stack.Unevaluated()
	r.Redact(s.Stack.Redact)
	r.Headline = fmt.Sprintf("If %s %s: %s", change.Node, change.What, told(r.ClientEffect(), r.RunEffect()))
}

// told are sentences, of which one may be empty.
func told(sentences ...string) string {
	return strings.Join(slices.DeleteFunc(sentences, func(s string) bool { return s == "" }), " ")
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
