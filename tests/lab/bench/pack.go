package bench

import (
	"context"
	"fmt"
	"time"

	"ecommerce-platform/tests/lab/preview"
	"ecommerce-platform/tests/lab/table"
	"ecommerce-platform/tests/lab/toolchain"
)

// packLimit is what the pack may add to a preview of the dev stack once it is built.
const packLimit = 3 * time.Second

// previewed is a configuration to preview.
type previewed struct {
	name    string
	changes map[string]any
	// runs is how often it is previewed with and without the pack; the medians are compared.
	runs int
	// limit is what the pack may add, or nothing where that is only measured.
	limit time.Duration
}

// measurePack measures what the policy pack adds to previews.
func measurePack(ctx context.Context) (*table.Table, error) {
	pack, err := toolchain.PolicyPack(ctx)
	if err != nil {
		return nil, err
	}
	t := &table.Table{
		Title: "What the policy pack adds to a preview",
		Notes: []string{fmt.Sprintf("`make preview` with and without the pack, once that is built; for the dev stack medians. Target: at most %s for the dev stack.",
			seconds(packLimit))},
		Head: []string{"stack", "resources", "without", "with the pack", "adds", "ratio"},
	}
	for _, s := range []previewed{
		{name: "dev stack", runs: 3, limit: packLimit},
		{name: "100 nodes, 1,000 pods", changes: crowded(), runs: 1},
	} {
		resources := 0
		measured := map[bool][]time.Duration{}
		for range s.runs {
			for _, with := range []bool{false, true} {
				options := preview.Options{Changes: s.changes, NoPack: !with}
				if with {
					options.Pack = pack
				}
				result, err := previewOnce(ctx, options)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", s.name, err)
				}
				measured[with] = append(measured[with], result.Elapsed)
				resources = len(result.Plan)
			}
		}
		without, with := median(measured[false]), median(measured[true])
		adds := with - without
		t.Row(s.name, fmt.Sprint(resources), seconds(without), seconds(with), seconds(adds),
			ratio(with.Seconds(), without.Seconds()))
		if s.limit > 0 && adds > s.limit {
			t.Missed = append(t.Missed, fmt.Sprintf("%s: the pack adds %s, more than the %s it may", s.name, seconds(adds), seconds(s.limit)))
		}
	}
	return t, nil
}

// previewOnce previews; that a policy objects is no failure of the measurement.
func previewOnce(ctx context.Context, options preview.Options) (*preview.Result, error) {
	result, err := preview.Run(ctx, options)
	if result == nil || (err != nil && result.Report == nil) {
		return nil, err
	}
	return result, nil
}
