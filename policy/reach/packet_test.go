package reach

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
)

func blocksOf(texts ...string) []netip.Prefix {
	var blocks []netip.Prefix
	for _, text := range texts {
		blocks = append(blocks, netip.MustParsePrefix(text))
	}
	return blocks
}

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		what   string
		blocks []netip.Prefix
		block  string
		want   bool
	}{
		{"the same block", blocksOf("10.0.0.0/8"), "10.0.0.0/8", true},
		{"a block inside", blocksOf("0.0.0.0/0"), "192.168.0.0/16", true},
		{"a wider block", blocksOf("192.168.0.0/17"), "192.168.0.0/16", false},
		{"two halves", blocksOf("192.168.0.0/17", "192.168.128.0/17"), "192.168.0.0/16", true},
		{"two halves of everything", blocksOf("0.0.0.0/1", "128.0.0.0/1"), "0.0.0.0/0", true},
		{"three quarters", blocksOf("10.0.0.0/10", "10.64.0.0/10", "10.128.0.0/10"), "10.0.0.0/8", false},
		{"an address", blocksOf("10.0.0.0/30"), "10.0.0.3/32", true},
		{"nothing", nil, "10.0.0.3/32", false},
		{"IPv6 is not IPv4", blocksOf("::/0"), "10.0.0.3/32", false},
		{"halves in IPv6", blocksOf("fd00::/9", "fd80::/9"), "fd00::/8", true},
	} {
		assert.Equal(t, c.want, covers(c.blocks, netip.MustParsePrefix(c.block)), c.what)
	}
}

func TestAdmits(t *testing.T) {
	node := peer{netip.MustParsePrefix("10.0.0.1/32"), []string{"node"}, false}
	pods := peer{netip.MustParsePrefix("192.168.0.0/16"), nil, false}
	group := Grant{Protocol: "tcp", From: 179, To: 179, Peer: "node"}
	all := Grant{Protocol: "-1", From: -1, To: -1, Block: netip.MustParsePrefix("0.0.0.0/0")}
	for _, c := range []struct {
		what     string
		grants   []Grant
		egress   bool
		protocol string
		port     int
		other    peer
		want     verdict
	}{
		{"a member of the group", []Grant{group}, false, "tcp", 179, node, open},
		{"another port", []Grant{group}, false, "tcp", 180, node, closed},
		{"another protocol", []Grant{group}, false, "udp", 179, node, closed},
		{"the other direction", []Grant{group}, true, "tcp", 179, node, closed},
		{"a pod is no member of its node's group", []Grant{group}, false, "tcp", 179, pods, closed},
		{"every protocol from everywhere", []Grant{all}, false, "udp", 53, pods, open},
		{"a range", []Grant{{Protocol: "tcp", From: 1, To: 65535, Block: pods.block}}, false, "tcp", 8080, pods, open},
		{"every port of a protocol", []Grant{{Protocol: "tcp", From: -1, To: -1, Block: pods.block}}, false, "tcp", 8080, pods, open},
		{"nothing", nil, false, "tcp", 22, node, closed},
		{"an unknown rule may be the one", []Grant{{Unknown: []string{"cidrIpv4"}}}, false, "tcp", 22, node, unknown},
		{"an unknown rule beside one that admits", []Grant{{Unknown: []string{"cidrIpv4"}}, all}, false, "tcp", 22, node, open},
	} {
		assert.Equal(t, c.want, admits(c.grants, c.egress, c.protocol, c.port, c.other), c.what)
	}
}
