package calibrate

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/calibrate/trial"
	"ecommerce-platform/tests/lab/toolchain"
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
	fails.Report.Violations = []struct{ Rule, Resource, Message string }{{"placement", "", "no room"}}
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

// A scenario of a run of a CronJob, with and without a node that is drained meanwhile.
func TestVerdictsOnARunAreOfItsRow(t *testing.T) {
	const node = "node-1"
	works := runRow{Tier: "cron-1"}
	for name, c := range map[string]struct {
		change      func(*runRow)
		says, while string
	}{
		"a run that finds its nodes":   {change: func(*runRow) {}, says: "works", while: "works"},
		"one that waits":               {change: func(r *runRow) { r.Pending, r.Reasons = 1, []string{"no room"} }, says: "does not work: a run of cron-1 waits: no room", while: "does not work: a run of cron-1 waits: no room"},
		"one that waits while drained": {change: func(r *runRow) { r.WithoutDrained = []string{node} }, says: "works", while: "does not work: a run of cron-1 waits while node-1 is drained"},
		"one that perhaps does":        {change: func(r *runRow) { r.PerhapsWithoutDrained = []string{node} }, says: "works", while: "may not work: a run of cron-1 perhaps waits while node-1 is drained"},
		"one that leaves others without a node": {
			change: func(r *runRow) { r.Preempts = []string{"tier-1"} }, says: "does not work: a run of cron-1 leaves pods of tier-1 without a node", while: "works",
		},
		"one that may wait": {change: func(r *runRow) { r.Doubt = "no room" }, says: "may not work: no room", while: "may not work: no room"},
	} {
		t.Run(name, func(t *testing.T) {
			row := works
			c.change(&row)
			o := &opinion{}
			o.Report.CronJobs = []runRow{{Tier: "cron-2", Pending: 1}, row}
			alone, err := o.ofProbe(trial.Probe{CronJob: "cron-1"})
			require.NoError(t, err)
			assert.Equal(t, c.says, alone.String())
			while, err := o.ofProbe(trial.Probe{CronJob: "cron-1", Node: node})
			require.NoError(t, err)
			assert.Equal(t, c.while, while.String())
		})
	}
	_, err := (&opinion{}).ofProbe(trial.Probe{CronJob: "cron-1"})
	require.EqualError(t, err, "the report does not say whether run cron-1 works")

	o := &opinion{}
	o.Report.Violations = []struct{ Rule, Resource, Message string }{
		{"placement", "urn:pulumi:dev::shop::kubernetes:batch/v1:CronJob::cron-1", "a run waits"},
	}
	assert.True(t, o.ofChange().Works, "the change itself brings no run")
}

func TestTheDocumentKeepsWhatWasSeenOfOtherParts(t *testing.T) {
	first := document("", map[string]string{"changes": Parts[0].heading() + "\nfirst\n\n### Mismatches\n\nNone.\n"})
	assert.Contains(t, first, "\nfirst\n")
	assert.NotContains(t, first, Parts[1].heading())
	second := document(first, map[string]string{"cronjobs": Parts[1].heading() + "\nsecond\n"})
	assert.Equal(t, first+"\n"+Parts[1].heading()+"\nsecond\n", second)
	third := document(second, map[string]string{"changes": Parts[0].heading() + "\nthird\n"})
	assert.Equal(t, strings.Replace(second, "first\n\n### Mismatches\n\nNone.\n", "third\n", 1), third)
	assert.Equal(t, third, document(third, nil))
}

func TestPartsAreDisjoint(t *testing.T) {
	all, err := PartsOf(nil)
	require.NoError(t, err)
	require.Len(t, all, 2)
	assert.Equal(t, []uint64{999, 1000}, all[0].seeds(2000)[998:], "the other seeds have CronJobs")
	assert.Equal(t, []uint64{1001, 1002}, all[1].seeds(2))
	one, err := PartsOf([]string{"cronjobs"})
	require.NoError(t, err)
	assert.Equal(t, all[1:], one)
	_, err = PartsOf([]string{"cronjobs", "weather"})
	require.EqualError(t, err, `PARTS "weather": must be of changes and cronjobs`)
}

func TestTheDocumentIsAsTheCommandWritesIt(t *testing.T) {
	path, err := toolchain.Source("..", "..", "docs", "calibration.md")
	require.NoError(t, err)
	body, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, document(string(body), nil), string(body), "make calibrate writes it anew")
	assert.Contains(t, string(body), Parts[0].heading())
}
