package twin

import (
	"net/netip"
	"slices"

	"ecommerce-platform/tests/lab/machines"
)

// firewall is what the security groups and the subnet's routes mean for one instance.
func (tx *Tx) firewall(r *Record) machines.Firewall {
	subnet := tx.Find(r.Text("subnetId"), subnetToken)
	f := machines.Firewall{
		Network: network(subnet), Address: netip.MustParseAddr(r.Text("privateIp")),
		SourceDestCheck: r.Value("sourceDestCheck") != false, Public: tx.public(subnet), Groups: map[string][]netip.Addr{},
	}
	for _, id := range r.Texts("vpcSecurityGroupIds") {
		f.Ingress = append(f.Ingress, tx.rules(id, ingressToken, "ingress")...)
		f.Egress = append(f.Egress, tx.rules(id, egressToken, "egress")...)
	}
	for _, rule := range append(slices.Clone(f.Ingress), f.Egress...) {
		if rule.Group != "" {
			f.Groups[rule.Group] = tx.members(rule.Group)
		}
	}
	return f
}

// members are the private addresses of the instances in a group; a reference to the group admits no other, not even pods on them.
func (tx *Tx) members(group string) []netip.Addr {
	var list []netip.Addr
	for _, r := range tx.All(instanceToken) {
		if slices.Contains(r.Texts("vpcSecurityGroupIds"), group) {
			list = append(list, netip.MustParseAddr(r.Text("privateIp")))
		}
	}
	return list
}

// rules lists what a group admits, declared beside it or inside it.
func (tx *Tx) rules(group, token, side string) []machines.Rule {
	var list []machines.Rule
	for _, r := range tx.All(token) {
		if r.Text("securityGroupId") != group {
			continue
		}
		list = append(list, rule(r.ID, r.Text("ipProtocol"), r.Inputs, firstText(r.Text("cidrIpv4"), r.Text("cidrIpv6")), r.Text("referencedSecurityGroupId")))
	}
	for _, in := range tx.Resources[group].Inputs.Objects(side) {
		id, protocol := group+" "+side, in.Text("protocol")
		for _, block := range append(in.Texts("cidrBlocks"), in.Texts("ipv6CidrBlocks")...) {
			list = append(list, rule(id, protocol, in, block, ""))
		}
		for _, other := range in.Texts("securityGroups") {
			list = append(list, rule(id, protocol, in, "", other))
		}
		if in.Flag("self", false) {
			list = append(list, rule(id, protocol, in, "", group))
		}
	}
	return list
}

func rule(id, protocol string, in Values, block, group string) machines.Rule {
	r := machines.Rule{ID: id, Group: group}
	r.Protocol, _ = protocolName(protocol)
	r.From, _ = in.Number("fromPort")
	r.To, _ = in.Number("toPort")
	if block != "" {
		r.CIDR = netip.MustParsePrefix(block)
	}
	return r
}

func firstText(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}

// gateway lists the public addresses that answer: those of instances in a subnet with a route to an internet gateway, on the
// TCP ports that are admitted from where outside traffic comes in.
func (tx *Tx) gateway() machines.Gateway {
	table := machines.Gateway{Addresses: []machines.PublicAddress{}}
	for _, r := range tx.Everywhere(instanceToken) {
		tx := tx.in(r.Region)
		subnet := tx.Find(r.Text("subnetId"), subnetToken)
		public := tx.publicAddress(r)
		if public == "" || r.Pending || !tx.public(subnet) {
			continue
		}
		address := machines.PublicAddress{Public: public, Private: r.Text("privateIp"), Ports: []machines.Ports{}}
		outside := offset(netip.MustParsePrefix(subnet.Text("cidrBlock")), 1)
		for _, rule := range tx.firewall(r).Ingress {
			if !rule.CIDR.IsValid() || !rule.CIDR.Contains(outside) {
				continue
			}
			switch rule.Protocol {
			case "tcp":
				address.Ports = append(address.Ports, machines.Ports{From: rule.From, To: rule.To})
			case "-1":
				address.Ports = append(address.Ports, machines.Ports{From: 1, To: 65535})
			}
		}
		table.Addresses = append(table.Addresses, address)
	}
	return table
}
