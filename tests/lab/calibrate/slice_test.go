package calibrate

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/calibrate/trial"
	"ecommerce-platform/tests/lab/toolchain"
)

// TestThePreviewIsRight tries a slice of the scenarios, and none is left out. Where equal nodes are chosen by lot a real cluster may end
// either way, so a scenario counts against the pack if it is never as told, and nobody knows why.
func TestThePreviewIsRight(t *testing.T) {
	t.Parallel()
	command, err := toolchain.Verdict(t.Context())
	require.NoError(t, err)
	var seeds []uint64
	for _, part := range Parts {
		seeds = append(seeds, part.seeds(tested[part.Name])...)
	}
	results, err := judgeAll(t.Context(), command, "", "", seeds, func(Result) {})
	require.NoError(t, err)
	require.Len(t, results, len(seeds))
	worked, failed, ran := 0, 0, 0
	for i, r := range results {
		require.Equal(t, seeds[i], r.Seed, "a scenario was not tried")
		if r.Seen.Works {
			worked++
		} else {
			failed++
		}
		if r.Seed >= trial.FirstWithCronJobs && r.Stage == trial.Afterwards {
			ran++
		}
		assert.False(t, r.never() && explained[r.Seed] == "", r)
	}
	assert.Greater(t, worked, len(seeds)/4, "most scenarios are hopeless")
	assert.Greater(t, failed, len(seeds)/10, "most scenarios are trivial")
	assert.Greater(t, ran, 3, "most CronJobs are never run")
}
