package review

import (
	"fmt"

	"ecommerce-platform/policy/growth"
)

// confined are autoscaled tiers that cannot grow as far as they may.
func confined(tiers []growth.Growth) []Finding {
	var findings []Finding
	for _, g := range tiers {
		if g.Fits < g.Max {
			findings = append(findings, Finding{Resource: g.URN, Message: fmt.Sprintf(
				"autoscale: %s can grow to %d of max %d, the scheduler says: %s; add or change a node that has room, or lower autoscale.max",
				g.Tier, g.Fits, g.Max, g.Reason)})
		}
	}
	return findings
}
