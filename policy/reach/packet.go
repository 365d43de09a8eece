package reach

import (
	"net/netip"
	"slices"

	"go4.org/netipx"
)

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
	// vague tells that the peer's address is one of the block, and which is not known.
	vague bool
}

// matches tells whether the rule is about such packets at all.
func (g Grant) matches(egress bool, protocol string, port int) bool {
	if g.Egress != egress {
		return false
	}
	if g.Protocol == everyProtocol {
		return true
	}
	return g.Protocol == protocol && (g.From < 0 || g.From <= port && port <= g.To)
}

// admits judges packets between a machine with these rules and a peer. A protocol without ports has port 0.
func admits(grants []Grant, egress bool, protocol string, port int, other peer) verdict {
	var blocks []netip.Prefix
	best := closed
	for _, g := range grants {
		switch {
		case len(g.Unknown) > 0:
			if g.Egress == egress {
				best = unknown
			}
		case !g.matches(egress, protocol, port):
		case g.Peer != "":
			if slices.Contains(other.groups, g.Peer) {
				return open
			}
			if slices.Contains(other.groups, "") { // groups that are not known
				best = unknown
			}
		case g.Block.IsValid():
			blocks = append(blocks, g.Block)
		}
	}
	if covers(blocks, other.block) {
		return open
	}
	if other.vague && slices.ContainsFunc(blocks, other.block.Overlaps) {
		return unknown
	}
	return best
}

// covers tells whether blocks together hold all of a block.
func covers(blocks []netip.Prefix, block netip.Prefix) bool {
	var all netipx.IPSetBuilder
	for _, b := range blocks {
		all.AddPrefix(b)
	}
	return built(&all).ContainsPrefix(block)
}
