package boundary

import (
	"fmt"
	"net/netip"
)

// Problems collects everything that is wrong with a configuration, each in the form `key value: rule`, so that all of it
// can be mended at once.
type Problems struct{ found []error }

// Found returns the problems in the order in which they were found.
func (p *Problems) Found() []error { return p.found }

// Addf adds a problem.
func (p *Problems) Addf(format string, values ...any) {
	p.found = append(p.found, fmt.Errorf(format, values...))
}

// Append adds problems that another part found.
func (p *Problems) Append(problems ...error) { p.found = append(p.found, problems...) }

// CIDR returns an IPv4 block, or false once it has told what is wrong with it.
func (p *Problems) CIDR(key, text string) (netip.Prefix, bool) {
	block, err := netip.ParsePrefix(text)
	switch {
	case err != nil || !block.Addr().Is4():
		p.Addf("%s %q: not an IPv4 CIDR block", key, text)
	case block != block.Masked():
		p.Addf("%s %q: has host bits set, use %q", key, text, block.Masked())
	default:
		return block, true
	}
	return netip.Prefix{}, false
}
