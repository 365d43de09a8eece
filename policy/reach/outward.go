package reach

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/distribution/reference"

	"ecommerce-platform/policy/model"
)

// everywhere is every address of the internet, and of the networks beside it.
var everywhere = netip.MustParsePrefix("0.0.0.0/0")

// readSources reads what nodes fetch: what the cluster tells, and the images of pods that come from other registries.
func (a *analysis) readSources() {
	a.sources = a.stack.Sources
	if len(a.stack.Of(model.ClusterType)) == 0 {
		a.stack.NotEvaluatedFact("reachability of packages, images and backups: where they are is configured in another stack")
	}
	if len(a.sources) == 0 {
		return // nobody knows what a mirror has
	}
	for _, w := range a.stack.Workloads {
		for _, c := range slices.Concat(w.Template.Spec.Containers, w.Template.Spec.InitContainers) {
			named, err := reference.ParseNormalizedNamed(c.Image)
			if err != nil {
				continue
			}
			registry := reference.Domain(named)
			if !slices.ContainsFunc(a.sources, func(s model.Source) bool { return slices.Contains(s.Registries, registry) }) {
				a.sources = append(a.sources, model.Source{What: "images", URL: "https://" + registry, Registries: []string{registry}})
			}
		}
	}
}

// outward is the paths from a node to what it needs beyond the others: names, and what it fetches.
func (a *analysis) outward(from *machine) []Path {
	paths := a.resolve(from)
	for _, s := range a.sources {
		if s.Role != "" && s.Role != from.Role {
			continue
		}
		host, port, ok := hostAndPort(s.URL)
		if !ok {
			a.stack.NotEvaluatedFact(fmt.Sprintf("reachability of %s: %q names no host", s.What, s.URL))
			continue
		}
		paths = append(paths, a.fetch(from, s, host, port))
	}
	return paths
}

// hostAndPort is where a URL leads.
func hostAndPort(text string) (host string, port int, ok bool) {
	address, err := url.Parse(text)
	if err != nil || address.Hostname() == "" {
		return "", 0, false
	}
	port = map[string]int{"http": 80, "https": 443}[address.Scheme]
	if explicit, err := strconv.Atoi(address.Port()); err == nil {
		port = explicit
	}
	return address.Hostname(), port, port != 0
}

// fetch is the path from a node to a host.
func (a *analysis) fetch(from *machine, s model.Source, host string, port int) Path {
	path := Path{From: from.Name, To: host, What: s.What, Ports: inWords("tcp", []int{port}), State: Open, Want: Open}
	if address, err := netip.ParseAddr(host); err == nil {
		a.leave(&path, from, netip.PrefixFrom(address, address.BitLen()), "tcp", port)
		switch {
		case a.within(address):
		case address.IsPrivate():
			a.stack.NotEvaluatedFact(fmt.Sprintf("reachability of %s: the way to an address beyond the VPC", host))
			path.doubt()
		default:
			a.wayOut(&path, from)
		}
		return path
	}
	switch admits(from.grants, true, "tcp", port, peer{block: everywhere}) {
	case closed:
		if !a.mayLeave(from, port, s.Public) {
			a.leave(&path, from, everywhere, "tcp", port)
			return path
		}
		a.stack.NotEvaluatedFact(fmt.Sprintf("reachability of %s: egress rules let some addresses through, and which the name has is not known", host))
		path.doubt()
	case unknown:
		path.doubt()
	}
	if s.Public {
		a.wayOut(&path, from)
	}
	return path
}

// leave judges packets from a node to a block by the node's egress rules.
func (a *analysis) leave(path *Path, from *machine, to netip.Prefix, protocol string, port int) {
	switch admits(from.grants, true, protocol, port, peer{block: to}) {
	case closed:
		group := shared(from, from)
		path.close(a.group(group, from), "add an egress rule to security group %s: %s to %s", groupName(group), inWords(protocol, []int{port}), to)
	case unknown:
		path.doubt()
	}
}

// mayLeave tells whether rules let a node open connections to some addresses, on the internet or anywhere.
func (a *analysis) mayLeave(from *machine, port int, public bool) bool {
	return slices.ContainsFunc(from.grants, func(g Grant) bool {
		return len(g.Unknown) == 0 && g.matches(true, "tcp", port) && (!public || g.Block.IsValid() && !g.Block.Addr().IsPrivate())
	})
}

// within tells whether an address is of the VPC.
func (a *analysis) within(address netip.Addr) bool {
	return slices.ContainsFunc(a.vpcs, func(block netip.Prefix) bool { return block.Contains(address) })
}

// wayOut closes the path of a node to the internet where its subnet has no route there, or the node no address of its own for it.
func (a *analysis) wayOut(path *Path, from *machine) {
	if from.Subnet == nil {
		path.doubt()
		return
	}
	switch a.exit(from.Subnet) {
	case exitUnknown:
		path.doubt()
	case exitInternet:
		if !a.public(from) {
			path.close(from.Instance, "give %s an Elastic IP, or route 0.0.0.0/0 of its subnet through a NAT gateway", from.Name)
		}
	case exitNone:
		path.close(from.Subnet, "associate subnet %s with a route table whose route 0.0.0.0/0 leads to an internet gateway", from.Subnet.Name)
	}
}

// Types that decide who resolves names for a VPC.
const (
	dhcpOptionsType     = "aws:ec2/vpcDhcpOptions:VpcDhcpOptions"
	dhcpAssociationType = "aws:ec2/vpcDhcpOptionsAssociation:VpcDhcpOptionsAssociation"
	amazonProvided      = "AmazonProvidedDNS"
)

// resolve is the paths from a node to what resolves names. No security group filters those to AWS's own resolver and its clock.
// https://docs.aws.amazon.com/vpc/latest/userguide/infrastructure-security.html#control-network-traffic
func (a *analysis) resolve(from *machine) []Path {
	if from.Subnet == nil {
		return nil
	}
	var paths []Path
	for _, vpc := range a.stack.Referred(from.Subnet, "vpcId", model.VpcType) {
		servers := a.servers(vpc)
		for _, server := range servers {
			path := Path{From: from.Name, To: server, What: "DNS", Ports: "udp 53", State: Open, Want: Open}
			if address, err := netip.ParseAddr(server); err == nil {
				a.leave(&path, from, netip.PrefixFrom(address, address.BitLen()), "udp", 53)
				if !a.within(address) && !address.IsPrivate() && !address.IsLinkLocalUnicast() {
					a.wayOut(&path, from)
				}
			} else if on, known := vpc.Bool("enableDnsSupport"); known && vpc.Has("enableDnsSupport") && !on {
				path.close(vpc, "set enableDnsSupport: true on %s", vpc.Name)
			}
			paths = append(paths, path)
		}
	}
	return paths
}

// servers are what resolves names for the machines of a VPC: AWS, unless its DHCP options say otherwise.
func (a *analysis) servers(vpc *model.Resource) []string {
	for _, r := range a.stack.Of(dhcpAssociationType) {
		if !slices.Contains(a.stack.Referred(r, "vpcId"), vpc) {
			continue
		}
		options := a.stack.Referred(r, "dhcpOptionsId", dhcpOptionsType)
		if len(options) == 0 {
			a.stack.NotEvaluated(r, "dhcpOptionsId")
			return nil
		}
		return a.nameServers(options[0])
	}
	return []string{amazonProvided}
}

// nameServers are those of DHCP options.
func (a *analysis) nameServers(options *model.Resource) []string {
	if unknown := options.UnknownBelow("domainNameServers"); len(unknown) > 0 {
		a.stack.NotEvaluated(options, unknown[0])
		return nil
	}
	var servers []string
	list, _ := options.List("domainNameServers")
	for _, item := range list {
		if text, ok := item.(string); ok {
			servers = append(servers, strings.TrimSpace(text))
		}
	}
	return servers
}
