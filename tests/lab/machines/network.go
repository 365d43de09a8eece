package machines

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
)

// Network is a subnet.
type Network struct {
	ID   string // subnet-...
	CIDR netip.Prefix
}

func (d *Docker) networkName(id string) string { return d.Name + "-" + id }

// Gateway is the address of the VPC's router, which is where the host is: the first one. The resolver has the second.
func (n Network) router() netip.Addr   { return n.CIDR.Masked().Addr().Next() }
func (n Network) resolver() netip.Addr { return n.router().Next() }

// CreateNetwork makes the network and puts the mirror on it, where AWS has its resolver.
func (d *Docker) CreateNetwork(ctx context.Context, n Network) error {
	_, err := d.run(ctx, "network", "create", "--driver", "bridge", "--subnet", n.CIDR.String(), "--gateway", n.router().String(),
		"--label", d.label(), "--label", "twin.id="+n.ID, d.networkName(n.ID))
	if err != nil {
		return fmt.Errorf("subnet %s: %w", n.ID, err)
	}
	if d.Mirror == "" {
		return nil
	}
	if _, err := d.run(ctx, "network", "connect", "--ip", n.resolver().String(), d.networkName(n.ID), d.Mirror); err != nil {
		return fmt.Errorf("subnet %s: mirror %s: %w", n.ID, d.Mirror, err)
	}
	return nil
}

// RemoveNetwork takes the mirror off the network and removes it. What is gone already is no error.
func (d *Docker) RemoveNetwork(ctx context.Context, id string) error {
	return d.removeNetwork(ctx, d.networkName(id))
}

func (d *Docker) removeNetwork(ctx context.Context, name string) error {
	connected, err := d.run(ctx, "network", "inspect", "--format", "{{range .Containers}}{{.Name}} {{end}}", name)
	if missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, container := range strings.Fields(connected) {
		if _, err := d.run(ctx, "network", "disconnect", "--force", name, container); err != nil && !strings.Contains(err.Error(), "is not connected") {
			return err
		}
	}
	if _, err := d.run(ctx, "network", "rm", name); err != nil && !missing(err) {
		return err
	}
	return nil
}
