package preview

import (
	"fmt"
	"strings"

	"ecommerce-platform/tests/lab/table"
)

// costLine is the estimate with the difference that the pull request makes.
func costLine(report *Report, base *Found) string {
	line := fmt.Sprintf("**Cost** $%.2f a month in %s", report.Cost.Monthly, cell(report.Cost.Region))
	if base != nil && base.Report != nil {
		switch difference := report.Cost.Monthly - base.Report.Cost.Monthly; {
		case difference >= 0.005:
			line += fmt.Sprintf(", **$%.2f more** than before", difference)
		case difference <= -0.005:
			line += fmt.Sprintf(", **$%.2f less** than before", -difference)
		default:
			line += ", as before"
		}
	}
	if n := len(report.Cost.Unpriced); n > 0 {
		line += fmt.Sprintf("; %s without a price", count(n, "resource"))
	}
	return line
}

// costs is the estimate item by item.
func costs(cost Cost) string {
	var rows [][]string
	for _, item := range cost.Items {
		rows = append(rows, []string{
			cell(item.What), fmt.Sprintf("%g %ss × $%g", item.Quantity, cell(item.Unit), item.UnitUSD), fmt.Sprintf("$%.2f", item.Monthly),
		})
	}
	if len(rows) == 0 && len(cost.Unpriced) == 0 {
		return ""
	}
	body := table.Markdown([]string{"what", "a month", "USD"}, rows)
	if len(cost.Unpriced) > 0 {
		body += "\nWithout a price:\n\n" + list(cost.Unpriced) + "\n"
	}
	if cost.CreditsAtMost > 0 {
		body += fmt.Sprintf("\nCPU credits, if every burstable CPU is always busy: at most $%.2f more.\n", cost.CreditsAtMost)
	}
	if len(cost.LeavesOut) > 0 {
		body += "\nLeft out: " + cell(strings.Join(cost.LeavesOut, "; ")) + "."
	}
	return fold(fmt.Sprintf("Cost: $%.2f a month", cost.Monthly), body)
}
