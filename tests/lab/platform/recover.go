package platform

import (
	"context"
	"path/filepath"

	"ecommerce-platform/tests/lab/machines"
	"ecommerce-platform/tests/lab/twin"
)

// Recover makes good for a pulumi that was killed. Its lock of the stack goes, and so does from the twin's account what it
// made but could not write down any more: nothing else knows of it, and it stands in the way of a second attempt.
func (l *Lab) Recover(ctx context.Context) error {
	locked, err := l.Stack.Locked()
	if err != nil || !locked {
		return err
	}
	if err := l.Stack.Unlock(ctx); err != nil {
		return err
	}
	state, err := l.Stack.Export(ctx)
	if err != nil {
		return err
	}
	var known []string
	for _, resource := range state.Resources {
		known = append(known, resource.ID)
	}
	// Of the rest, Kubernetes' objects and the machines' steps, what is there already is brought up to date.
	if err := l.Stack.ForgetPending(ctx); err != nil {
		return err
	}
	return twin.New(filepath.Join(l.Dir, "twin"), l.Name, &machines.Docker{Name: l.Name}).Recover(ctx, known)
}
