package comment

import (
	"fmt"

	"ecommerce-platform/policy/report"
)

// growth shows how far autoscaled tiers can grow.
func growth(r *report.Report) string {
	if len(r.Growth) == 0 {
		return ""
	}
	var rows [][]string
	whole := 0
	for _, g := range r.Growth {
		outcome := "✅"
		if g.Fits < g.Max {
			outcome = "⚠️ " + g.Reason
		} else {
			whole++
		}
		rows = append(rows, []string{cell(g.Tier), fmt.Sprintf("%d to %d", g.Min, g.Max), fmt.Sprint(g.Fits), cell(outcome)})
	}
	return fold(fmt.Sprintf("Autoscale %s: %d of %s can grow to the most", on(r), whole, count(len(r.Growth), "tier")),
		table([]string{"tier", "pods", "fit, each tier alone", "beyond"}, rows))
}
