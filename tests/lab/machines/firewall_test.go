package machines_test

import (
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/machines"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

func TestRuleset(t *testing.T) {
	block := netip.MustParsePrefix
	subnet := machines.Network{ID: "subnet-0test", CIDR: block("172.31.0.0/20")}
	address := netip.MustParseAddr("172.31.15.119")
	everywhere := machines.Rule{ID: "sgr-0egress", Protocol: "-1", CIDR: block("0.0.0.0/0")}
	for name, firewall := range map[string]machines.Firewall{
		"locked": {SourceDestCheck: true},
		"node": {
			Public: true,
			Groups: map[string][]netip.Addr{"sg-0nodes": {netip.MustParseAddr("172.31.2.239"), address}},
			Ingress: []machines.Rule{
				{ID: "sgr-0ssh", Protocol: "tcp", From: 22, To: 22, CIDR: block("172.31.0.1/32")},
				{ID: "sgr-0nodeport", Protocol: "tcp", From: 30080, To: 30080, CIDR: block("0.0.0.0/0")},
				{ID: "sgr-0self", Protocol: "-1", Group: "sg-0nodes"},
				{ID: "sgr-0pods", Protocol: "-1", CIDR: block("192.168.0.0/16")},
			},
			Egress: []machines.Rule{everywhere},
		},
		"protocols": {
			Public: true, SourceDestCheck: true,
			Groups: map[string][]netip.Addr{},
			Ingress: []machines.Rule{
				{ID: "range", Protocol: "udp", From: 8000, To: 8100, CIDR: block("10.0.0.0/8")},
				{ID: "every-port", Protocol: "tcp", From: 0, To: 65535, CIDR: block("10.0.0.0/8")},
				{ID: "any-icmp", Protocol: "icmp", From: -1, To: -1, CIDR: block("10.0.0.0/8")},
				{ID: "unreachable", Protocol: "icmp", From: 3, To: 4, CIDR: block("10.0.0.0/8")},
				{ID: "icmpv6", Protocol: "icmpv6", From: 128, To: -1, CIDR: block("::/0")},
				{ID: "ipip", Protocol: "4", Group: "sg-0empty"},
				{ID: "six", Protocol: "tcp", From: 443, To: 443, CIDR: block("2001:db8::/32")},
			},
			Egress: []machines.Rule{{ID: "https", Protocol: "tcp", From: 443, To: 443, CIDR: block("0.0.0.0/0")}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			firewall.Network, firewall.Address = subnet, address
			got := firewall.Ruleset()
			path := filepath.Join("testdata", name+".nft")
			if *update {
				require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, string(want), got)
			assert.Equal(t, 0, strings.Count(got, "flush"), "tables of others are left alone")
		})
	}
}
