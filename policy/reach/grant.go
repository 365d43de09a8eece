package reach

import (
	"fmt"
	"net/netip"
	"strings"

	"ecommerce-platform/policy/model"
)

// everyProtocol is how AWS writes a rule on all protocols and ports, and sctp is what it writes as 132.
const (
	everyProtocol = "-1"
	sctp          = "sctp"
)

// Grant is packets that one security group rule lets through.
type Grant struct {
	// Resource declares the rule.
	Resource *model.Resource
	// Group is the URN of the security group that the rule is in, or its identifier where another stack has it.
	Group  string
	Egress bool
	// Protocol is tcp, udp, icmp, sctp, a number, or -1 for every one.
	Protocol string
	// From and To are ports, or ICMP type and code; -1 is every one, as it always is of other protocols.
	From, To int
	// Block is the addresses at the other end. Peer is the group there instead; a prefix list is neither.
	Block netip.Prefix
	Peer  string
	// Unknown are the paths without which the rule says nothing.
	Unknown []string
}

// legacyRuleType is the older resource that is one rule of several blocks.
const legacyRuleType = "aws:ec2/securityGroupRule:SecurityGroupRule"

// Grants are all security group rules of the stack.
func Grants(stack *model.Stack) []Grant {
	var all []Grant
	for _, token := range []string{model.IngressType, model.EgressType} {
		for _, r := range stack.Of(token) {
			all = append(all, single(stack, r, token == model.EgressType))
		}
	}
	for _, r := range stack.Of(legacyRuleType) {
		all = append(all, legacy(stack, r)...)
	}
	for _, token := range []string{model.GroupType, model.DefaultGroupType} {
		for _, r := range stack.Of(token) {
			for _, field := range []string{"ingress", "egress"} {
				all = append(append(all, unknownGrants(r, field)...), inline(r, field)...)
			}
		}
	}
	return all
}

// single reads a resource that is one rule with one peer.
func single(stack *model.Stack, r *model.Resource, egress bool) Grant {
	g := Grant{Resource: r, Egress: egress}
	g.Protocol, _ = r.Text("ipProtocol")
	g.Protocol = protocol(g.Protocol)
	g.limit(portOr(r, "fromPort"), portOr(r, "toPort"))
	g.Group = identity(stack, r, "securityGroupId")
	g.Peer = identity(stack, r, "referencedSecurityGroupId")
	for _, path := range []string{"cidrIpv4", "cidrIpv6"} {
		if text, _ := r.Text(path); text != "" {
			g.Block = parse(text)
		}
	}
	// What has no value and comes from nowhere, the program does not say.
	for _, path := range []string{"ipProtocol", "fromPort", "toPort", "cidrIpv4", "cidrIpv6", "prefixListId"} {
		if r.Unknown(path) && len(r.References(path)) > 0 {
			g.Unknown = append(g.Unknown, path)
		}
	}
	if g.Group == "" {
		g.Unknown = append(g.Unknown, "securityGroupId")
	}
	if g.Peer == "" && r.Unknown("referencedSecurityGroupId") && len(r.References("referencedSecurityGroupId")) > 0 {
		g.Unknown = append(g.Unknown, "referencedSecurityGroupId")
	}
	if r.Has("prefixListId") && !r.Unknown("prefixListId") {
		g.Unknown = append(g.Unknown, "prefixListId") // its blocks are AWS's to know
	}
	return g
}

// legacy reads a resource that is one rule with several peers.
func legacy(stack *model.Stack, r *model.Resource) []Grant {
	direction, _ := r.Text("type")
	base := Grant{Resource: r, Egress: direction == "egress", Group: identity(stack, r, "securityGroupId")}
	base.Protocol, _ = r.Text("protocol")
	base.Protocol = protocol(base.Protocol)
	base.limit(portOr(r, "fromPort"), portOr(r, "toPort"))
	for _, path := range []string{"type", "protocol", "fromPort", "toPort", "cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "self"} {
		if len(r.UnknownBelow(path)) > 0 && len(r.References(path)) > 0 {
			base.Unknown = append(base.Unknown, path)
		}
	}
	if base.Group == "" {
		base.Unknown = append(base.Unknown, "securityGroupId")
	}
	const source = "sourceSecurityGroupId"
	peer := identity(stack, r, source)
	if peer == "" && r.Unknown(source) && len(r.References(source)) > 0 {
		base.Unknown = append(base.Unknown, source)
	}
	if lists, _ := r.List("prefixListIds"); len(lists) > 0 {
		base.Unknown = append(base.Unknown, "prefixListIds") // their blocks are AWS's to know
	}
	all := spread(base, func(field string) []any { list, _ := r.List(field); return list })
	if peer != "" {
		all = append(all, with(base, netip.Prefix{}, peer))
	}
	if self, _ := r.Bool("self"); self {
		all = append(all, with(base, netip.Prefix{}, base.Group))
	}
	if len(all) == 0 && len(base.Unknown) > 0 {
		all = append(all, base)
	}
	if r.Unknown("type") { // it may be of either direction
		for _, g := range all {
			g.Egress = !g.Egress
			all = append(all, g)
		}
	}
	return all
}

// unknownGrants are a rule of the list that the program declares and a deployment will tell: it says nothing, and hides no other. A list that
// comes from nowhere is AWS's answer.
func unknownGrants(r *model.Resource, field string) []Grant {
	paths := r.UnknownBelow(field)
	if len(paths) == 0 || paths[0] == field && len(r.References(field)) == 0 {
		return nil
	}
	return []Grant{{Resource: r, Group: r.URN, Egress: field == "egress", Unknown: paths}}
}

// inline reads the rules that are a list in their group, but for those that unknownGrants stand for.
func inline(r *model.Resource, field string) []Grant {
	var all []Grant
	list, _ := r.List(field)
	for i, item := range list {
		entry, ok := item.(map[string]any)
		if !ok || len(r.UnknownBelow(fmt.Sprintf("%s[%d]", field, i))) > 0 {
			continue
		}
		base := Grant{Resource: r, Group: r.URN, Egress: field == "egress", From: -1, To: -1}
		text, _ := entry["protocol"].(string)
		base.Protocol = protocol(text)
		from, given := entry["fromPort"].(float64)
		to, both := entry["toPort"].(float64)
		if given && both {
			base.limit(int(from), int(to))
		}
		all = append(all, spread(base, func(field string) []any { list, _ := entry[field].([]any); return list })...)
		if self, _ := entry["self"].(bool); self {
			all = append(all, with(base, netip.Prefix{}, r.URN))
		}
		if lists, _ := entry["prefixListIds"].([]any); len(lists) > 0 {
			unread := base
			unread.Unknown = []string{fmt.Sprintf("%s[%d].prefixListIds", field, i)} // their blocks are AWS's to know
			all = append(all, unread)
		}
		groups, _ := entry["securityGroups"].([]any)
		for _, group := range groups {
			if id, ok := group.(string); ok {
				all = append(all, with(base, netip.Prefix{}, id))
			}
		}
	}
	return all
}

// spread is one rule for each block that a list names.
func spread(base Grant, list func(field string) []any) []Grant {
	var all []Grant
	for _, field := range []string{"cidrBlocks", "ipv6CidrBlocks"} {
		for _, item := range list(field) {
			if text, ok := item.(string); ok {
				all = append(all, with(base, parse(text), ""))
			}
		}
	}
	return all
}

func with(g Grant, block netip.Prefix, peer string) Grant {
	g.Block, g.Peer = block, peer
	return g
}

// identity tells groups apart: by URN in this stack, by identifier otherwise.
func identity(stack *model.Stack, r *model.Resource, property string) string {
	for _, group := range stack.Referred(r, property, model.GroupType, model.DefaultGroupType) {
		return group.URN
	}
	id, _ := r.Text(property)
	return id
}

// protocol is a protocol by its name where it has one.
func protocol(text string) string {
	switch name := strings.ToLower(text); name {
	case "6":
		return "tcp"
	case "17":
		return "udp"
	case "1":
		return "icmp"
	case "58":
		return "icmpv6"
	case "132":
		return sctp
	case "all":
		return everyProtocol
	default:
		return name
	}
}

// limit sets the ports of a rule. Of a protocol that AWS knows by its number alone it reads none.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
func (g *Grant) limit(from, to int) {
	g.From, g.To = -1, -1
	switch g.Protocol {
	case "tcp", "udp", "icmp", "icmpv6":
		g.From, g.To = from, to
	}
}

func portOr(r *model.Resource, path string) int {
	if port, _ := r.Number(path); r.Has(path) && !r.Unknown(path) {
		return int(port)
	}
	return -1
}

// parse is the block, or none where the text is none: AWS refuses such a rule.
func parse(text string) netip.Prefix {
	block, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}
	}
	return block.Masked()
}
