package calibrate

import (
	"fmt"
	"slices"
	"strings"

	"ecommerce-platform/tests/lab/calibrate/trial"
)

// Result is what was told and what was seen of one scenario.
type Result struct {
	Seed    uint64
	Changes []string
	Probe   string
	// Stage is the one that the verdicts are of: the last one that was reached, of those that were told to work.
	Stage string
	Told  verdict
	Seen  verdict
	// Rolled are the tiers that rolled to the end, as told and as seen.
	Rolled []rolled
	// Again says whether it worked when a scenario that was not as told was tried once more.
	Again []bool
}

// rolled is how few pods of a tier were ready while it rolled.
type rolled struct {
	Tier       string
	Told, Seen int
}

// agree tells whether the pack was right. Of what it says to work or not, as it comes, it is either way.
func (r Result) agree() bool { return r.Told.May || r.Told.Works == r.Seen.Works }

// never tells whether the pack was wrong each time.
func (r Result) never() bool { return !r.agree() && !slices.Contains(r.Again, r.Told.Works) }

// compare holds what is told against the first of the tries; the others say whether it worked again.
func (t told) compare(s trial.Scenario, tries []seen) (Result, error) {
	result, err := t.compareOne(s, tries[0].Course)
	for _, again := range tries[1:] {
		if err != nil || result.agree() {
			break
		}
		var other Result
		if other, err = t.compareOne(s, again.Course); err == nil {
			result.Again = append(result.Again, other.Seen.Works)
		}
	}
	return result, err
}

// compareOne goes through the stages as far as they are told to work, and did.
func (t told) compareOne(s trial.Scenario, course trial.Course) (r Result, err error) {
	r = Result{Seed: s.Seed, Probe: s.Probe.String()}
	o := t.First
	for _, stage := range course {
		r.Stage, r.Seen = stage.Name, verdictOf(stage.Lacks)
		those := func(row rolloutRow) bool { return row.Now }
		switch stage.Name {
		case trial.Change:
			o, r.Changes = t.Change, s.Changes
			r.Told = o.ofChange()
		case trial.Afterwards:
			if r.Told, err = o.ofProbe(s.Probe); err != nil {
				return r, err
			}
			those = func(row rolloutRow) bool { return row.Tier == s.Probe.Tier }
		default:
			r.Told = o.ofChange()
		}
		if !r.Told.Works || !r.Seen.Works {
			break
		}
		for _, row := range o.Report.Rollouts {
			if few, watched := stage.Lowest[row.Tier]; watched && those(row) {
				r.Rolled = append(r.Rolled, rolled{row.Tier, row.LowestAvailable, few})
			}
		}
	}
	return r, nil
}

// String says what a result is, for a person who looks into a mismatch.
func (r Result) String() string {
	change := strings.Join(r.Changes, ", ")
	if change == "" {
		change = "no change"
	}
	text := fmt.Sprintf("seed %d (%s; then %s), %s. Told: %s. Seen: %s.", r.Seed, change, r.Probe, r.Stage, r.Told, r.Seen)
	if len(r.Again) == 0 {
		return text
	}
	worked := 0
	for _, works := range r.Again {
		if works {
			worked++
		}
	}
	return text + fmt.Sprintf(" Tried again, it worked %d times of %d.", worked, len(r.Again))
}
