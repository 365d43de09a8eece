package comment

import (
	"fmt"
	"strings"

	"ecommerce-platform/policy/cost"
)

// costs is the estimate item by item.
func costs(estimate cost.Estimate) string {
	var rows [][]string
	for _, entry := range estimate.Items {
		rows = append(rows, []string{
			cell(entry.What), fmt.Sprintf("%g %ss × %g", entry.Quantity, cell(entry.Unit), entry.UnitUSD), fmt.Sprintf("%.2f", entry.Monthly),
		})
	}
	if len(rows) == 0 && len(estimate.Unpriced) == 0 {
		return ""
	}
	body := table([]string{"what", "a month", cell(estimate.Currency)}, rows)
	if len(estimate.Unpriced) > 0 {
		body += "\nWithout a price:\n\n" + list(estimate.Unpriced) + "\n"
	}
	if estimate.CreditsAtMost > 0 {
		body += fmt.Sprintf("\nCPU credits, if every burstable CPU is always busy: at most %.2f %s more.\n",
			estimate.CreditsAtMost, cell(estimate.Currency))
	}
	if len(estimate.LeavesOut) > 0 {
		body += "\nLeft out: " + cell(strings.Join(estimate.LeavesOut, "; ")) + "."
	}
	return fold(fmt.Sprintf("Cost: %.2f %s a month in %s", estimate.Monthly, estimate.Currency, estimate.Region), body)
}
