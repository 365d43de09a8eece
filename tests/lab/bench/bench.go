// Package bench measures what parts of the platform cost, as figures of one run on this machine.
package bench

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"ecommerce-platform/tests/lab/preview"
	"ecommerce-platform/tests/lab/toolchain"
)

// packLimit is what the pack may add to a preview of the dev stack once it is built.
const packLimit = 3 * time.Second

// stack is a configuration to preview.
type stack struct {
	name    string
	changes map[string]any
	// runs is how often it is previewed with and without the pack; the medians are compared.
	runs int
	// limit is what the pack may add, or nothing where that is only measured.
	limit time.Duration
}

// Preview measures what the policy pack adds to previews, and prints it.
func Preview(ctx context.Context, out io.Writer) error {
	pack, err := toolchain.PolicyPack(ctx)
	if err != nil {
		return err
	}
	say := func(format string, values ...any) { _, _ = fmt.Fprintf(out, format, values...) }
	say("%-32s %9s %9s %9s %9s\n", "preview, medians of this run", "resources", "without", "with pack", "adds")
	var exceeded error
	for _, s := range []stack{
		{name: "dev stack", runs: 3, limit: packLimit},
		{name: "100 nodes, 1,000 pods", changes: large(), runs: 1},
	} {
		resources := 0
		measured := map[bool][]time.Duration{}
		for range s.runs {
			for _, with := range []bool{false, true} {
				options := preview.Options{Changes: s.changes, NoPack: !with}
				if with {
					options.Pack = pack
				}
				result, err := preview.Run(ctx, options)
				if result == nil || (err != nil && result.Report == nil) {
					return fmt.Errorf("%s: %w", s.name, err)
				}
				measured[with] = append(measured[with], result.Elapsed)
				resources = len(result.Plan)
			}
		}
		without, with := median(measured[false]), median(measured[true])
		adds := with - without
		say("%-32s %9d %9s %9s %9s  ×%.2f\n", s.name, resources, seconds(without), seconds(with), seconds(adds),
			with.Seconds()/without.Seconds())
		if s.limit > 0 && adds > s.limit {
			exceeded = fmt.Errorf("%s: the pack adds %s, more than the %s it may", s.name, seconds(adds), s.limit)
		}
	}
	return exceeded
}

func median(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[len(sorted)/2]
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
