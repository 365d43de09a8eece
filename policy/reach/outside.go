package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/policy/model"
)

// The ports that administrators use.
const (
	sshPort = 22
	apiPort = 6443
)

// fromOutside is the paths to a node from beyond the VPC.
func (a *analysis) fromOutside(to *machine) []Path {
	paths := []Path{a.enter("administrators", "SSH", to, port{"tcp", sshPort})}
	if to.Role == model.ControlPlane {
		paths = append(paths, a.enter("administrators", "Kubernetes API", to, port{"tcp", apiPort}))
	} else {
		for _, p := range a.nodePorts {
			paths = append(paths, a.enter("clients", "NodePort", to, nodePort(p)))
		}
	}
	return append(paths, a.nothingElse(to))
}

// enter is the path of somebody outside to a port of a node: somebody must be let in, and there must be a way.
func (a *analysis) enter(who, what string, to *machine, at port) Path {
	path := Path{From: who, To: to.Name, What: what, Ports: inWords(at.protocol, []int{at.number}), State: Closed, Want: Open}
	public := false
	for _, g := range to.grants {
		if g.Egress {
			continue
		}
		switch {
		case len(g.Unknown) > 0 && path.State == Closed:
			path.State = Unknown
		case len(g.Unknown) > 0 || !g.matches(false, at.protocol, at.number) || !a.outside(g):
		default:
			path.State = Open
			public = public || g.Block.IsValid() && !g.Block.Addr().IsPrivate()
		}
	}
	switch path.State {
	case Closed:
		path.State = Open // for close to close it
		group := to.ownGroup(a)
		path.close(a.group(group, to), "add an ingress rule to security group %s: %s from the blocks of the %s", groupName(group), path.Ports, who)
	case Open:
		if public {
			a.internet(&path, to)
		}
	}
	return path
}

// takes tells whether a rule may let somebody outside in on a port of a node.
func (a *analysis) takes(m *machine, at port) bool {
	return slices.ContainsFunc(m.grants, func(g Grant) bool {
		return !g.Egress && (len(g.Unknown) > 0 || g.matches(false, at.protocol, at.number) && a.outside(g))
	})
}

// outside tells whether a rule is about somebody who is neither a node nor a pod.
func (a *analysis) outside(g Grant) bool {
	if g.Peer != "" {
		return !slices.ContainsFunc(a.machines, func(m *machine) bool { return slices.Contains(m.groups, g.Peer) })
	}
	return g.Block.IsValid() && !slices.ContainsFunc(a.inside, func(own netip.Prefix) bool {
		return own.Bits() <= g.Block.Bits() && own.Contains(g.Block.Addr())
	})
}

// ownGroup is the group of the machine that fewest others are in: that of its role.
func (m *machine) ownGroup(a *analysis) string {
	best, fewest := "", len(a.machines)+1
	for _, group := range m.groups {
		members := 0
		for _, other := range a.machines {
			if slices.Contains(other.groups, group) {
				members++
			}
		}
		if group != "" && members <= fewest {
			best, fewest = group, members
		}
	}
	return best
}

// nothingElse is everything that the internet must not reach.
func (a *analysis) nothingElse(to *machine) Path {
	path := Path{From: "the internet", To: to.Name, What: "anything else", Ports: "every other port", State: Closed, Want: Closed}
	for _, g := range to.grants {
		if !g.Egress && len(g.Unknown) > 0 && path.State == Closed {
			path.State = Unknown
		}
		if g.Egress || len(g.Unknown) > 0 || !IsInternet(g.Block) || g.IsFragmentationNeeded() || g.IsNodePort(a.nodePorts, a.services) {
			continue
		}
		path.State, path.Resource = Open, g.Resource.URN
		path.Remedy = fmt.Sprintf("remove %s, which opens %s to %s, or name the blocks that need it", g.Resource.Name, g.Ports(), g.Block)
	}
	return path
}

// IsNodePort tells whether a rule is about one NodePort, of these ports of Services; where these are not all, any one may be. A rule on
// SCTP is about all its ports: AWS reads none of them.
func (g Grant) IsNodePort(ports []corev1.ServicePort, all bool) bool {
	switch {
	case g.Protocol == sctp:
	case g.Protocol != "tcp" && g.Protocol != "udp", g.From < 0, g.From != g.To:
		return false
	}
	if !all && (g.Protocol == sctp || FirstNodePort <= g.From && g.From <= LastNodePort) {
		return true
	}
	return slices.ContainsFunc(ports, func(p corev1.ServicePort) bool {
		at := nodePort(p)
		return at.number != 0 && g.matches(false, at.protocol, at.number)
	})
}

// The range that kubeadm gives the API server for NodePorts.
const (
	FirstNodePort = 30000
	LastNodePort  = 32767
)

// IsInternet tells whether a block holds a good part of the internet: nobody owns a block this wide, and two halves of
// everything are everything.
func IsInternet(block netip.Prefix) bool {
	if !block.IsValid() {
		return false
	}
	if block.Addr().Is4() {
		return block.Bits() < 8
	}
	return block.Bits() < 16
}

// IsFragmentationNeeded tells whether a rule is path MTU discovery: ICMP type 3 code 4, or ICMPv6 type 2.
func (g Grant) IsFragmentationNeeded() bool {
	return g.Protocol == "icmp" && g.From == 3 && g.To == 4 || g.Protocol == "icmpv6" && g.From == 2
}

// Ports puts what a rule is about in words.
func (g Grant) Ports() string {
	switch {
	case g.Protocol == everyProtocol:
		return "every port"
	case strings.HasPrefix(g.Protocol, "icmp"):
		return fmt.Sprintf("%s type %d", g.Protocol, g.From)
	case g.From < 0:
		return "every " + g.Protocol + " port"
	case g.From == g.To:
		return fmt.Sprintf("%s port %d", g.Protocol, g.From)
	}
	return fmt.Sprintf("%s ports %d to %d", g.Protocol, g.From, g.To)
}
