package reach

import (
	"net/netip"
	"slices"
	"strings"

	"ecommerce-platform/policy/model"
)

// machine is a node with what the network knows it by.
type machine struct {
	*model.Node
	peer
	grants []Grant
	// subnet tells subnets apart; empty where it is not known.
	subnet string
	// foreign tells what becomes of packets that carry other addresses than the machine's own.
	foreign verdict
}

func (a *analysis) readMachine(node *model.Node) *machine {
	m := &machine{Node: node}
	instance := node.Instance
	m.groups = a.groupsOf(node)
	for _, g := range a.grants {
		if slices.Contains(m.groups, g.Group) || g.Group == "" || slices.Contains(m.groups, "") {
			m.grants = append(m.grants, a.seenFrom(m, g))
		}
	}
	if node.Subnet != nil {
		m.subnet = node.Subnet.URN
	} else if id, _ := instance.Text("subnetId"); id != "" {
		m.subnet = id
	} else {
		a.stack.NotEvaluated(instance, "subnetId")
	}
	m.foreign = a.foreign(instance)
	m.block = a.addressOf(node)
	m.vague = !m.block.IsSingleIP()
	return m
}

// foreign is what the source/destination check, which is on by default, makes of packets of pods.
func (a *analysis) foreign(instance *model.Resource) verdict {
	check, known := instance.Bool("sourceDestCheck")
	switch {
	case !known && len(instance.References("sourceDestCheck")) > 0:
		a.stack.NotEvaluated(instance, "sourceDestCheck")
		return unknown
	case known && instance.Has("sourceDestCheck") && !check:
		return open
	}
	return closed
}

// seenFrom is a rule as it counts for a machine: where it is not known which groups a machine or a rule is in, no rule is known
// to count.
func (a *analysis) seenFrom(m *machine, g Grant) Grant {
	if slices.Contains(m.groups, "") && !slices.Contains(m.groups, g.Group) {
		g.Unknown = []string{"securityGroupId"}
	}
	return g
}

// groupsOf is the URNs or identifiers of a machine's security groups; an empty one stands for those that are not known.
func (a *analysis) groupsOf(node *model.Node) []string {
	const property = "vpcSecurityGroupIds"
	var groups []string
	for _, group := range node.Groups {
		groups = append(groups, group.URN)
	}
	list, known := node.Instance.List(property)
	switch {
	case len(node.Instance.References(property)) > len(groups) && !known, len(list) > len(groups):
		// What the groups of another stack let through, this one cannot tell.
		a.stack.NotEvaluated(node.Instance, property)
		groups = append(groups, "")
	case len(groups) == 0 && (!known || len(list) == 0):
		// AWS puts a machine that names no group into the default group of its VPC.
		for _, group := range a.stack.Of(model.DefaultGroupType) {
			groups = append(groups, group.URN)
		}
	}
	return groups
}

// addressOf is a node's address, or the block that it will be from.
func (a *analysis) addressOf(node *model.Node) netip.Prefix {
	if address, err := netip.ParseAddr(node.PrivateIP); err == nil {
		return netip.PrefixFrom(address, address.BitLen())
	}
	a.stack.NotEvaluated(node.Instance, "privateIp")
	if node.Subnet != nil {
		if text, _ := node.Subnet.Text("cidrBlock"); parse(text).IsValid() {
			return parse(text)
		}
	}
	return netip.MustParsePrefix("0.0.0.0/0")
}

// groupName is the name that a person gave the group.
func groupName(urn string) string { return urn[strings.LastIndex(urn, ":")+1:] }

// shared is a group that both machines are in, or the first of the other's.
func shared(one, other *machine) string {
	for _, group := range other.groups {
		if group != "" && slices.Contains(one.groups, group) {
			return group
		}
	}
	for _, group := range other.groups {
		if group != "" {
			return group
		}
	}
	return ""
}
