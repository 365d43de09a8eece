package calibrate

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestASeedIsAlwaysTheSameScenario(t *testing.T) {
	for seed := range uint64(20) {
		first := generate(seed).describe()
		assert.Equal(t, first, generate(seed).describe())
	}
	assert.NotEqual(t, generate(1).describe(), generate(2).describe())
}

func TestScenariosHaveEveryKindOfTierAndChange(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(1000) {
		s := generate(seed)
		for _, tier := range s.after.tiers {
			seen[tier.kind] = true
			seen["a volume"] = seen["a volume"] || tier.volumeOn != ""
			seen["a budget"] = seen["a budget"] || tier.budget != nil
		}
		seen["a new cluster"] = seen["a new cluster"] || s.before == nil
		seen["a restart"] = seen["a restart"] || s.probe.tier != ""
		seen["a drain"] = seen["a drain"] || s.probe.node != ""
	}
	for _, what := range append([]string{"a volume", "a budget", "a new cluster", "a restart", "a drain"}, kinds...) {
		assert.True(t, seen[what], what)
	}
}

func TestTheMatrixCountsEachKindOfError(t *testing.T) {
	works, fails := verdictOf(nil), verdictOf([]string{"why"})
	known := map[uint64]Result{
		1: {Seed: 1, Told: works, Seen: works, Stage: update, Rolled: []rolled{{"tier-1", 2, 1}, {"tier-2", 0, 1}}},
		2: {Seed: 2, Told: fails, Seen: fails}, 3: {Seed: 3, Told: works, Seen: fails}, 4: {Seed: 4, Told: fails, Seen: works},
	}
	known[5], known[6] = Result{Seed: 5, Told: mayOf("it depends"), Seen: works}, Result{Seed: 6, Told: mayOf("it depends"), Seen: fails}
	m := count([]uint64{1, 2, 3, 4, 5, 6}, known)
	assert.Equal(t, []string{"works", "1", "1"}, m.table().Rows[0])
	assert.Equal(t, []string{"may not work", "1", "1"}, m.table().Rows[1])
	assert.Equal(t, []string{"does not work", "1", "1"}, m.table().Rows[2])
	require.Len(t, m.mismatches, 2)
	require.NoError(t, count([]uint64{5, 6}, known).missed(), "either is what was told")
	assert.Equal(t, []string{"seed 1: tier-1 fell to 1 ready pods, told were 2"}, m.lower)
	require.EqualError(t, m.missed(), "1 changes that do not work are said to work: the target is 0\n1 false alarms in 6 cases: the target is 1 %")
	require.NoError(t, count([]uint64{1, 2}, known).missed())
}

func TestResultsOfARunThatEndedEarlyAreKept(t *testing.T) {
	path := t.TempDir() + "/results.jsonl"
	first, err := openResults(path)
	require.NoError(t, err)
	require.NoError(t, first.add(Result{Seed: 7, Told: verdictOf(nil)}))
	_, err = first.file.WriteString(`{"seed": 8, "to`)
	require.NoError(t, err)
	require.NoError(t, first.file.Close())
	again, err := openResults(path)
	require.NoError(t, err)
	assert.Contains(t, again.known, uint64(7))
	assert.NotContains(t, again.known, uint64(8))
	require.NoError(t, again.file.Close())
}
