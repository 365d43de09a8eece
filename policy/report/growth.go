package report

import (
	"fmt"
	"io"
)

// growthText tells how far what is scaled automatically can grow.
func (r *Report) growthText(w io.Writer) {
	if len(r.Growth) == 0 {
		return
	}
	rows := [][]string{{"tier", "pods", "fit at the most"}}
	for _, g := range r.Growth {
		rows = append(rows, []string{g.Tier, fmt.Sprintf("%d to %d", g.Min, g.Max), fmt.Sprint(g.Fits)})
	}
	table(w, r.on("How far autoscaled tiers can grow, each alone", "How far autoscaled tiers can grow after this change, each alone"), rows)
	for _, g := range r.Growth {
		if g.Fits < g.Max {
			_, _ = fmt.Fprintf(w, "  %s can grow to %d of max %d: %s\n", g.Tier, g.Fits, g.Max, g.Reason)
		}
	}
}
