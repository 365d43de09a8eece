package trial

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestASeedIsAlwaysTheSameScenario(t *testing.T) {
	for seed := range uint64(20) {
		first := Generate(seed).Describe()
		assert.Equal(t, first, Generate(seed).Describe())
	}
	assert.NotEqual(t, Generate(1).Describe(), Generate(2).Describe())
}

func TestScenariosHaveEveryKindOfTierAndChange(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(1000) {
		s := Generate(seed)
		for _, tier := range s.after.tiers {
			seen[tier.kind] = true
			seen["a volume"] = seen["a volume"] || tier.volumeOn != ""
			seen["a budget"] = seen["a budget"] || tier.budget != nil
		}
		seen["a LimitRange"] = seen["a LimitRange"] || s.after.limits != nil
		seen["a quota"] = seen["a quota"] || s.after.quota != nil
		seen["a runtime"] = seen["a runtime"] || s.after.overhead != nil
		seen["priorities"] = seen["priorities"] || s.after.priorities
		seen["a new cluster"] = seen["a new cluster"] || s.before == nil
		seen["a restart"] = seen["a restart"] || s.Probe.Tier != ""
		seen["a drain"] = seen["a drain"] || s.Probe.Node != ""
	}
	for _, what := range append([]string{
		"a volume", "a budget", "a LimitRange", "a quota", "a runtime", "priorities", "a new cluster", "a restart", "a drain",
	}, kinds...) {
		assert.True(t, seen[what], what)
	}
}
