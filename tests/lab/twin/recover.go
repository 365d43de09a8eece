package twin

import (
	"context"
	"maps"
	"slices"
)

// Recover takes out of the account what an interrupted program made and nothing knows of: every resource but the known
// ones, and what has no resource.
func (p *Provider) Recover(ctx context.Context, known []string) error {
	return p.with(ctx, func(tx *Tx) error {
		for _, key := range slices.Sorted(maps.Keys(tx.Resources)) {
			if r := tx.Resources[key]; r != nil && !r.Implicit && !slices.Contains(known, r.ID) {
				tx.remove(r)
			}
		}
		return p.machines.Sweep(ctx, slices.Sorted(maps.Keys(tx.Resources)))
	})
}
