package calibrate

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/calibrate/trial"
)

func TestTheMatrixCountsEachKindOfError(t *testing.T) {
	works, fails := verdictOf(nil), verdictOf([]string{"why"})
	results := []Result{
		{Seed: 1, Told: works, Seen: works, Stage: trial.Change, Rolled: []rolled{{"tier-1", 2, 1}, {"tier-2", 0, 1}}},
		{Seed: 2, Told: fails, Seen: fails}, {Seed: 3, Told: works, Seen: fails}, {Seed: 4, Told: fails, Seen: works},
		{Seed: 5, Told: mayOf("it depends"), Seen: works}, {Seed: 6, Told: mayOf("it depends"), Seen: fails},
	}
	m := count(results)
	assert.Equal(t, []string{"works", "1", "1"}, m.table().Rows[0])
	assert.Equal(t, []string{"may not work", "1", "1"}, m.table().Rows[1])
	assert.Equal(t, []string{"does not work", "1", "1"}, m.table().Rows[2])
	require.Len(t, m.mismatches, 2)
	require.NoError(t, count(results[4:]).missed(), "either is what was told")
	assert.Equal(t, []string{"seed 1: tier-1 fell to 1 ready pods, told were 2"}, m.lower)
	require.EqualError(t, m.missed(), "1 changes that do not work are said to work: the target is 0\n1 false alarms in 6 cases: the target is 1 %")
	require.NoError(t, count(results[:2]).missed())
}

// A scenario that somebody changes: a new cluster, the change, and what is done afterwards.
func TestVerdictsAreOfTheLastStageThatIsToldToWork(t *testing.T) {
	s := trial.Generate(1)
	require.True(t, s.Changed())
	fails := &opinion{}
	fails.Report.Violations = []struct{ Rule, Message string }{{"placement", "no room"}}
	whole := trial.Course{{Name: trial.NewCluster}, {Name: trial.Change}, {Name: trial.Afterwards, Lacks: []string{"a budget"}}}
	for name, c := range map[string]struct {
		says        told
		tries       []trial.Course
		stage       string
		agree, ever bool
	}{
		"a new cluster that is told not to work is not changed": {told{fails, &opinion{}}, []trial.Course{whole}, trial.NewCluster, false, false},
		"a change that is told not to work ends there":          {told{&opinion{}, fails}, []trial.Course{whole}, trial.Change, false, false},
		"a real cluster that does not come up ends there": {
			told{&opinion{}, &opinion{}}, []trial.Course{{{Name: trial.NewCluster, Lacks: []string{"room"}}}}, trial.NewCluster, false, false,
		},
		"another try that is as told": {
			told{&opinion{}, fails}, []trial.Course{whole, {{Name: trial.NewCluster}, {Name: trial.Change, Lacks: []string{"room"}}}}, trial.Change, false, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var tries []seen
			for _, course := range c.tries {
				tries = append(tries, seen{Course: course})
			}
			r, err := c.says.compare(s, tries)
			require.NoError(t, err)
			assert.Equal(t, c.stage, r.Stage)
			assert.Equal(t, c.agree, r.agree())
			assert.Equal(t, c.ever, !r.never())
		})
	}
}

func TestWhatARunThatEndedEarlyKnowsIsKept(t *testing.T) {
	path := t.TempDir() + "/seen.jsonl"
	first, err := openStore[seen](path)
	require.NoError(t, err)
	require.NoError(t, first.add(7, seen{Machines: "first"}))
	require.NoError(t, first.add(7, seen{Machines: "second"}))
	_, err = first.file.WriteString(`{"seed": 8, "is`)
	require.NoError(t, err)
	require.NoError(t, first.close())
	again, err := openStore[seen](path)
	require.NoError(t, err)
	assert.Equal(t, []seen{{Machines: "first"}, {Machines: "second"}}, again.of(7))
	assert.Empty(t, again.of(8))
	require.NoError(t, again.close())
}
