package reach

import "net/netip"

// verdict is whether packets get through. An unknown rule may be the one that lets them.
type verdict int

const (
	closed verdict = iota
	unknown
	open
)

// peer is the other end of a connection: the addresses it speaks from or listens on, and the security groups that these
// addresses belong to. The addresses of pods belong to none.
type peer struct {
	block  netip.Prefix
	groups []string
}

// grant is a security group rule: packets that it lets through.
type grant struct {
	egress   bool
	protocol string // tcp, udp, icmp, a protocol's number, or -1 for every one
	from, to int    // ports; both -1 means every one
	block    netip.Prefix
	group    string // instead of a block
	// opaque is set where the rule cannot be judged: the path of what is unknown.
	opaque string
}

// matches tells whether the rule is about such packets at all.
func (g grant) matches(egress bool, protocol string, port int) bool {
	if g.egress != egress {
		return false
	}
	if g.protocol == "-1" {
		return true
	}
	return g.protocol == protocol && (g.from < 0 || g.from <= port && port <= g.to)
}

// admits judges packets between a machine with these rules and a peer. A protocol without ports has port 0.
func admits(grants []grant, egress bool, protocol string, port int, other peer) verdict {
	var blocks []netip.Prefix
	best := closed
	for _, g := range grants {
		switch {
		case g.opaque != "":
			if g.egress == egress {
				best = unknown
			}
		case !g.matches(egress, protocol, port):
		case g.group != "":
			for _, group := range other.groups {
				if group == g.group {
					return open
				}
			}
		case g.block.IsValid():
			blocks = append(blocks, g.block)
		}
	}
	if covers(blocks, other.block) {
		return open
	}
	return best
}

// covers tells whether blocks together hold all of a block.
func covers(blocks []netip.Prefix, block netip.Prefix) bool {
	overlapping := false
	for _, b := range blocks {
		if b.Bits() <= block.Bits() && b.Contains(block.Addr()) {
			return true
		}
		overlapping = overlapping || b.Overlaps(block)
	}
	if !overlapping || block.IsSingleIP() {
		return false
	}
	low, high := halves(block)
	return covers(blocks, low) && covers(blocks, high)
}

// halves splits a block in two.
func halves(block netip.Prefix) (low, high netip.Prefix) {
	bits := block.Bits() + 1
	low = netip.PrefixFrom(block.Masked().Addr(), bits)
	address := low.Addr().AsSlice()
	address[(bits-1)/8] |= 1 << (7 - (bits-1)%8)
	upper, _ := netip.AddrFromSlice(address)
	return low, netip.PrefixFrom(upper, bits)
}
