package comment

import (
	"testing"

	"github.com/stretchr/testify/assert"

	growths "ecommerce-platform/policy/growth"
	"ecommerce-platform/policy/report"
)

func TestCommentTellsHowFarTiersGrow(t *testing.T) {
	assert.Empty(t, growth(&report.Report{}))
	text := growth(&report.Report{Growth: []growths.Growth{
		{Tier: "backend", Min: 2, Max: 8, Fits: 5, Reason: "1 Insufficient cpu."}, {Tier: "frontend", Min: 2, Max: 6, Fits: 6},
	}})
	assert.Contains(t, text, "1 of 2 tiers can grow to the most")
	assert.Contains(t, text, "2 to 8 | 5 | ⚠️ 1 Insufficient cpu.")
	assert.Contains(t, text, "2 to 6 | 6 | ✅ ")
}
