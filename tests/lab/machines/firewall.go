package machines

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"ecommerce-platform/tests/lab/docker"
)

// Rule admits traffic from or to a peer.
type Rule struct {
	ID       string
	Protocol string // -1 for all, tcp, udp, icmp, icmpv6 or a number
	From, To int    // ports, or ICMP type and code, where -1 is any
	CIDR     netip.Prefix
	Group    string // instead of CIDR: members of a security group
}

// Firewall is what EC2 does to the packets of one network interface: security groups, and the source/destination check.
type Firewall struct {
	Network         Network
	Address         netip.Addr
	SourceDestCheck bool
	// Public says that the subnet has a route to an internet gateway. Without it, the host and the mirror, which
	// stand for the internet, are out of reach but for the resolver.
	Public  bool
	Groups  map[string][]netip.Addr // private addresses of the members
	Ingress []Rule
	Egress  []Rule
}

// table belongs to the twin alone; kube-proxy and Calico have tables of their own.
const table = "inet ec2_twin"

// device is Docker's name for a container's first network.
const device = "eth0"

// Ruleset is the firewall as an nftables script that replaces the one in force in one transaction.
//
// Ingress comes after connection tracking and before destination NAT, so that a NodePort is seen as such; egress comes
// after source NAT, so that what leaves is seen as the network sees it. Both see forwarded traffic, which is the pods'.
func (f Firewall) Ruleset() string {
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("table %s", table)
	line("delete table %s", table)
	line("table %s {", table)
	groups := f.referenced()
	for _, group := range groups {
		line("\tset %s {", setName(group))
		line("\t\ttype ipv4_addr")
		if members := addresses(f.Groups[group]); members != "" {
			line("\t\telements = { %s }", members)
		}
		line("\t}")
	}
	line("\tchain ingress {")
	line("\t\ttype filter hook prerouting priority mangle; policy accept;")
	line("\t\tiifname != %q accept", device)
	if f.SourceDestCheck {
		line("\t\tip daddr != %s counter drop comment \"destination check\"", f.Address)
	}
	line("\t\tct state established,related accept")
	if !f.Public {
		line("\t\tip saddr { %s, %s } counter drop comment \"no route to an internet gateway\"", f.Network.router(), f.Network.resolver())
	}
	for _, rule := range f.Ingress {
		for _, match := range rule.matches("saddr") {
			line("\t\t%s accept comment %q", match, rule.ID)
		}
	}
	line("\t\tcounter drop")
	line("\t}")
	line("\tchain egress {")
	line("\t\ttype filter hook postrouting priority 200; policy accept;")
	line("\t\toifname != %q accept", device)
	if f.SourceDestCheck {
		line("\t\tip saddr != %s counter drop comment \"source check\"", f.Address)
	}
	line("\t\tct state established,related accept")
	// Security groups do not filter Amazon's DNS: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html
	line("\t\tip daddr %s meta l4proto { tcp, udp } th dport 53 accept comment \"resolver\"", f.Network.resolver())
	if !f.Public {
		line("\t\tip daddr { %s, %s } counter drop comment \"no route to an internet gateway\"", f.Network.router(), f.Network.resolver())
	}
	// A pod's address before its node has told the others of it, say: beyond this host, anybody might answer for it.
	line("\t\trt ip nexthop %s ip daddr { 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 } ip daddr != %s counter drop comment %q",
		f.Network.router(), f.Network.CIDR, "an internet gateway carries no private addresses")
	for _, rule := range f.Egress {
		for _, match := range rule.matches("daddr") {
			line("\t\t%s accept comment %q", match, rule.ID)
		}
	}
	line("\t\tcounter drop")
	line("\t}")
	line("}")
	return b.String()
}

// referenced lists the groups that rules name.
func (f Firewall) referenced() []string {
	var groups []string
	for _, rule := range append(slices.Clone(f.Ingress), f.Egress...) {
		if rule.Group != "" && !slices.Contains(groups, rule.Group) {
			groups = append(groups, rule.Group)
		}
	}
	slices.Sort(groups)
	return groups
}

func setName(group string) string { return strings.ReplaceAll(group, "-", "_") }

func addresses(list []netip.Addr) string {
	sorted := slices.SortedFunc(slices.Values(list), netip.Addr.Compare)
	var texts []string
	for _, a := range slices.Compact(sorted) {
		texts = append(texts, a.String())
	}
	return strings.Join(texts, ", ")
}

// matches writes the rule's conditions; direction is saddr or daddr.
func (r Rule) matches(direction string) []string {
	peer := ""
	switch {
	case r.Group != "":
		peer = fmt.Sprintf("ip %s @%s", direction, setName(r.Group))
	case r.CIDR.Addr().Is4():
		peer = fmt.Sprintf("ip %s %s", direction, r.CIDR)
	default:
		peer = fmt.Sprintf("ip6 %s %s", direction, r.CIDR)
	}
	if r.CIDR.IsValid() && r.CIDR.Bits() == 0 {
		peer = "meta nfproto ipv4"
		if r.CIDR.Addr().Is6() {
			peer = "meta nfproto ipv6"
		}
	}
	switch r.Protocol {
	case "-1":
		return []string{peer}
	case "tcp", "udp":
		if r.From == 0 && r.To == 65535 {
			return []string{fmt.Sprintf("%s meta l4proto %s", peer, r.Protocol)}
		}
		return []string{fmt.Sprintf("%s %s dport %s", peer, r.Protocol, span(r.From, r.To))}
	case "icmp", "icmpv6":
		match := fmt.Sprintf("%s meta l4proto %s", peer, map[string]string{"icmp": "icmp", "icmpv6": "ipv6-icmp"}[r.Protocol])
		if r.From >= 0 {
			match += fmt.Sprintf(" %s type %d", r.Protocol, r.From)
		}
		if r.From >= 0 && r.To >= 0 {
			match += fmt.Sprintf(" %s code %d", r.Protocol, r.To)
		}
		return []string{match}
	default:
		return []string{fmt.Sprintf("%s meta l4proto %s", peer, r.Protocol)}
	}
}

func span(from, to int) string {
	if from == to {
		return fmt.Sprint(from)
	}
	return fmt.Sprintf("%d-%d", from, to)
}

// ApplyFirewall loads a rule set into a machine and keeps it there for its next start.
func (d *Docker) ApplyFirewall(ctx context.Context, name, rules string) error {
	saved, err := archive(file{firewallPath, 0o600, []byte(rules)})
	if err != nil {
		return err
	}
	if err := docker.Unpack(ctx, name, saved); err != nil {
		return err
	}
	if status, err := d.Status(ctx, name); err != nil || status != "running" {
		return err
	}
	return load(ctx, name, rules)
}

// settle is how long a machine that has just started may take until commands run in it.
const settle = 20 * time.Second

// cannotInvoke is the exit status where the command was not run at all: while the machine's entry point remounts its
// cgroups, the runtime may find no place for another process.
const cannotInvoke = 126

// load applies a rule set to a machine that runs, once commands run in it.
func load(ctx context.Context, name, rules string) error {
	var status int
	var said string // the command's words, or the runtime's own
	err := wait.PollUntilContextTimeout(ctx, 200*time.Millisecond, settle, true, func(ctx context.Context) (_ bool, err error) {
		status, said, err = docker.Run(ctx, name, rules, "nft", "--file", "-")
		return status != cannotInvoke, err
	})
	switch {
	case wait.Interrupted(err):
		return fmt.Errorf("firewall of %s: no command runs in it since %s: %s", name, settle, said)
	case err == nil && status != 0:
		return fmt.Errorf("firewall of %s: nft: exit status %d: %s", name, status, said)
	}
	return err
}
