package calibrate

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Stages of a scenario.
const (
	newCluster = "new cluster"
	update     = "change"
	afterwards = "afterwards"
)

// Result is what was told and what was seen of one scenario.
type Result struct {
	Seed    uint64   `json:"seed"`
	Changes []string `json:"changes,omitempty"`
	Probe   string   `json:"probe"`
	// Stage is the one that the verdicts are of: the last one that was reached.
	Stage string  `json:"stage"`
	Told  verdict `json:"told"`
	Seen  verdict `json:"seen"`
	// Rolled are the tiers that rolled to the end, as told and as seen.
	Rolled []rolled `json:"rolled,omitempty"`
	// Again says whether it worked when a scenario that was not as told was tried once more.
	Again []bool `json:"again,omitempty"`
}

// rolled is how few pods of a tier were ready while it rolled.
type rolled struct {
	Tier string `json:"tier"`
	Told int    `json:"told"`
	Seen int    `json:"seen"`
}

// agree tells whether the pack was right. Of what it says to work or not, as it comes, it is either way.
func (r Result) agree() bool { return r.Told.May || r.Told.Works == r.Seen.Works }

// never tells whether the pack was wrong each time.
func (r Result) never() bool { return !r.agree() && !slices.Contains(r.Again, r.Told.Works) }

// attempts is how often a scenario that is not as told is tried again.
const attempts = 3

// judge tries the scenario of a seed.
func judge(ctx context.Context, p *pack, r *reality, seed uint64) (Result, error) {
	s := generate(seed)
	o, err := p.ask(scenario{name: s.name, after: s.running()})
	if err != nil {
		return Result{}, err
	}
	if told := o.ofChange(); s.before != nil && told.Works {
		if o, err = p.ask(s); err != nil {
			return Result{}, err
		}
	} else {
		// What never runs is not changed.
		s.before, s.after, s.changes = nil, s.running(), nil
	}
	result, err := try(ctx, o, r, s)
	for err == nil && !result.agree() && len(result.Again) < attempts {
		var again Result
		again, err = try(ctx, o, r, s)
		result.Again = append(result.Again, again.Seen.Works)
	}
	if err != nil {
		return result, fmt.Errorf("case %d: %w", seed, err)
	}
	return result, nil
}

// running is the stack that the scenario begins with.
func (s scenario) running() *stack {
	if s.before != nil {
		return s.before
	}
	return s.after
}

// try holds what the pack says against a real cluster.
func try(ctx context.Context, o *opinion, r *reality, s scenario) (result Result, err error) {
	result = Result{Seed: s.seed, Changes: s.changes, Probe: s.probe.String(), Stage: newCluster, Told: o.ofChange()}
	t, err := r.enter(ctx, s)
	defer func() { err = errors.Join(err, r.leave(ctx, t)) }()
	if err != nil {
		return result, err
	}
	m := o.After
	if s.before != nil {
		m = o.Before
	}
	lacks, err := t.bringUp(ctx, s.running(), m)
	if err != nil {
		return result, err
	}
	result.Seen = verdictOf(lacks)
	if s.before != nil {
		if !result.Seen.Works {
			result.Told = verdictOf(nil) // of the stack that runs, or it would not be changed
			return result, nil
		}
		result.Stage = update
		t.watchLowest()
		if lacks, err = t.change(ctx, o.Before, o.After); err != nil {
			return result, err
		}
		result.Seen = verdictOf(lacks)
		result.rolled(o, t, func(row rolloutRow) bool { return row.Now })
	}
	if !result.Seen.Works || !result.Told.Works {
		return result, nil
	}
	result.Stage = afterwards
	if result.Told, err = o.ofProbe(s.probe); err != nil {
		return result, err
	}
	t.watchLowest()
	if lacks, err = t.probe(ctx); err != nil {
		return result, err
	}
	result.Seen = verdictOf(lacks)
	result.rolled(o, t, func(row rolloutRow) bool { return row.Tier == s.probe.tier })
	return result, nil
}

// rolled notes how few pods there were of the tiers that have rolled.
func (r *Result) rolled(o *opinion, t *trial, those func(rolloutRow) bool) {
	seen := t.lowestSeen()
	for _, row := range o.Report.Rollouts {
		tier := t.scenario.after.tier(row.Tier)
		if few, counted := seen[row.Tier]; counted && r.Told.Works && r.Seen.Works && those(row) && slices.Contains([]string{"Deployment", "StatefulSet"}, tier.kind) {
			r.Rolled = append(r.Rolled, rolled{row.Tier, row.LowestAvailable, few})
		}
	}
}
