package calibrate

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"ecommerce-platform/tests/lab/calibrate/trial"
	"ecommerce-platform/tests/lab/toolchain"
)

// told is what the pack says of a scenario: of what runs as a new cluster, and of the change to it, nil where nothing runs before.
type told struct {
	First  *opinion `json:"first"`
	Change *opinion `json:"change,omitempty"`
}

// seen is how a scenario went on a real cluster once.
type seen struct {
	// Machines is a digest of those that it ran on, which the pack describes.
	Machines string       `json:"machines"`
	Course   trial.Course `json:"course"`
}

// attempts is how often a scenario that is not as told is tried again.
const attempts = 3

// askAll asks about each stage of a scenario.
func (p *pack) askAll(s trial.Scenario) (told, error) {
	var t told
	var err error
	if t.First, err = p.ask(s.Running()); err == nil && s.Changed() {
		t.Change, err = p.ask(s)
	}
	return t, err
}

// machines are those that a real cluster is to have before and after the change, and their digest.
func (t told) machines() (before, after trial.Machines, digest string, err error) {
	last := t.First
	if t.Change != nil {
		last = t.Change
	}
	body, err := json.Marshal([]trial.Machines{last.Before, last.After})
	return last.Before, last.After, toolchain.Key(string(body)), err
}

// judge compares what is told of the scenario of a seed with what a real cluster does, several times where they differ. What is known of
// either is not asked again.
func (r *run) judge(ctx context.Context, seed uint64) (Result, error) {
	s := trial.Generate(seed)
	says, err := r.ask(s)
	if err != nil {
		return Result{}, err
	}
	before, after, digest, err := says.machines()
	if err != nil {
		return Result{}, err
	}
	tries := slices.DeleteFunc(r.seen.of(seed), func(known seen) bool { return known.Machines != digest })
	for {
		if len(tries) > 0 {
			result, err := says.compare(s, tries)
			if err != nil || result.agree() || len(tries) > attempts {
				return result, err
			}
		}
		course, err := r.cluster.Try(ctx, s, before, after)
		if err != nil {
			return Result{}, fmt.Errorf("case %d: %w", seed, err)
		}
		tries = append(tries, seen{digest, course})
		if err := r.seen.add(seed, tries[len(tries)-1]); err != nil {
			return Result{}, err
		}
	}
}

// ask asks the pack, if it has not said before.
func (r *run) ask(s trial.Scenario) (told, error) {
	if known := r.told.of(s.Seed); len(known) > 0 {
		return known[0], nil
	}
	says, err := r.packs.ask(s)
	if err != nil {
		return says, err
	}
	return says, r.told.add(s.Seed, says)
}
