package report

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"ecommerce-platform/policy/growth"
)

func TestTextTellsHowFarTiersGrow(t *testing.T) {
	r := Report{Growth: []growth.Growth{
		{Tier: "backend", Min: 2, Max: 8, Fits: 5, Reason: "0/3 nodes are available: 1 Insufficient cpu."},
		{Tier: "frontend", Min: 2, Max: 6, Fits: 6},
	}}
	assert.Contains(t, r.Text(), `
How far autoscaled tiers can grow, each alone, on a new cluster
  tier      pods    fit at the most
  backend   2 to 8  5
  frontend  2 to 6  6
  backend can grow to 5 of max 8: 0/3 nodes are available: 1 Insufficient cpu.
`)
	r.Redact(func(string) string { return "hidden" })
	assert.Equal(t, "hidden", r.Growth[0].Reason)
}
