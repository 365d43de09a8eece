package calibrate

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/toolchain"
)

// TestThePreviewIsRight tries a slice of the scenarios, and none is left out. Where equal nodes are chosen by lot a real cluster may end
// either way, so a scenario counts against the pack if it is never as told, and nobody knows why.
func TestThePreviewIsRight(t *testing.T) {
	t.Parallel()
	command, err := toolchain.Verdict(t.Context())
	require.NoError(t, err)
	var seeds []uint64
	for seed := range uint64(slice) {
		seeds = append(seeds, seed+1)
	}
	results, err := judgeAll(t.Context(), command, "", "", seeds, func(Result) {})
	require.NoError(t, err)
	require.Len(t, results, slice)
	worked, failed := 0, 0
	for i, r := range results {
		require.Equal(t, seeds[i], r.Seed, "a scenario was not tried")
		if r.Seen.Works {
			worked++
		} else {
			failed++
		}
		assert.False(t, r.never() && explained[r.Seed] == "", r)
	}
	assert.Greater(t, worked, slice/4, "most scenarios are hopeless")
	assert.Greater(t, failed, slice/10, "most scenarios are trivial")
}
