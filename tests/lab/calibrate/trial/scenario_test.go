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

// What was seen of the seeds before is of scenarios without CronJobs.
func TestCronJobsComeBesidesAndWithSeedsOfTheirOwn(t *testing.T) {
	last := Generate(FirstWithCronJobs - 1)
	assert.Empty(t, last.after.cronJobs)
	assert.Empty(t, last.Probe.CronJob)
	assert.NotContains(t, last.Describe(), "CronJob")
	seen := map[string]bool{}
	for seed := range uint64(300) {
		s := Generate(FirstWithCronJobs + seed)
		for _, t := range s.after.cronJobs {
			seen["fewer pods than may run at once"] = seen["fewer pods than may run at once"] || t.completions < t.replicas
			seen["more pods than may run at once"] = seen["more pods than may run at once"] || t.completions > t.replicas
			seen["a priority"] = seen["a priority"] || t.template.Spec.PriorityClassName != ""
		}
		if s.before != nil {
			seen["another one"] = seen["another one"] || len(s.before.cronJobs) < len(s.after.cronJobs)
		}
		assert.NotNil(t, s.after.cronJob(s.Probe.CronJob), seed)
		seen["a run"] = seen["a run"] || s.Probe.Node == ""
		seen["a run while a node is drained"] = seen["a run while a node is drained"] || s.Probe.Node != ""
	}
	for _, what := range []string{
		"fewer pods than may run at once", "more pods than may run at once", "a priority", "another one", "a run", "a run while a node is drained",
	} {
		assert.True(t, seen[what], what)
	}
}
