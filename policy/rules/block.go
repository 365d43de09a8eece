package rules

import "net/netip"

// isInternet tells whether a block holds a good part of the internet: nobody owns a block this wide, and two halves of
// everything are everything.
func isInternet(block netip.Prefix) bool {
	if block.Addr().Is4() {
		return block.Bits() < 8
	}
	return block.Bits() < 16
}
