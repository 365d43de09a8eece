package machines

import (
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"strconv"
)

// HostAddress is the address that machines of a network see this host under: the network's router.
func HostAddress(cidr string) (netip.Addr, error) {
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("network %q: %w", cidr, err)
	}
	return Network{CIDR: prefix}.router(), nil
}

// capabilityResource is the number of CAP_SYS_RESOURCE, capabilities(7).
const capabilityResource = 24

var boundingSet = regexp.MustCompile(`(?m)^CapBnd:\s*([0-9a-f]+)$`)

// MayLowerOOMScore tells whether containers of this host may lower their oom_score_adj, which takes CAP_SYS_RESOURCE.
func MayLowerOOMScore() (bool, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return false, err
	}
	found := boundingSet.FindSubmatch(status)
	if found == nil {
		return false, fmt.Errorf("/proc/self/status: no CapBnd line")
	}
	set, err := strconv.ParseUint(string(found[1]), 16, 64)
	return set&(1<<capabilityResource) != 0, err
}
