package machines

import (
	"context"
	"fmt"
)

// Down removes every container, volume and network of a twin, whether or not its state still exists.
func Down(ctx context.Context, name string) error {
	d := &Docker{Name: name}
	containers, err := d.run(ctx, "ps", "--all", "--quiet", "--filter", "label="+d.label())
	if err != nil {
		return fmt.Errorf("twin %s: %w", name, err)
	}
	for _, id := range lines(containers) {
		if _, err := d.run(ctx, "rm", "--force", "--volumes", id); err != nil && !missing(err) {
			return fmt.Errorf("twin %s: %w", name, err)
		}
	}
	networks, err := d.run(ctx, "network", "ls", "--quiet", "--filter", "label="+d.label())
	if err != nil {
		return fmt.Errorf("twin %s: %w", name, err)
	}
	for _, id := range lines(networks) {
		if err := d.removeNetwork(ctx, id); err != nil {
			return fmt.Errorf("twin %s: %w", name, err)
		}
	}
	volumes, err := d.run(ctx, "volume", "ls", "--quiet", "--filter", "label="+d.label())
	if err != nil {
		return fmt.Errorf("twin %s: %w", name, err)
	}
	for _, volume := range lines(volumes) {
		if _, err := d.run(ctx, "volume", "rm", "--force", volume); err != nil && !missing(err) {
			return fmt.Errorf("twin %s: %w", name, err)
		}
	}
	return nil
}
