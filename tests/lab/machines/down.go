package machines

import (
	"context"
	"fmt"
	"strings"

	"github.com/moby/moby/client"

	"ecommerce-platform/tests/lab/docker"
)

// Down removes every container, volume and network of a twin, whether or not its state still exists.
func Down(ctx context.Context, name string) error {
	d := &Docker{Name: name}
	if err := d.sweep(ctx, func(string) bool { return false }); err != nil {
		return fmt.Errorf("twin %s: %w", name, err)
	}
	return nil
}

// Sweep removes containers, volumes and networks of this twin whose resource is not in keep: leftovers of a provider that died.
func (d *Docker) Sweep(ctx context.Context, keep []string) error {
	kept := map[string]bool{"": true}
	for _, id := range keep {
		kept[id] = true
	}
	return d.sweep(ctx, func(id string) bool { return kept[id] })
}

func (d *Docker) sweep(ctx context.Context, kept func(id string) bool) error {
	var containers, volumes, networks []string
	err := docker.Call(ctx, "looking for what twin "+d.Name+" has made", func(ctx context.Context, engine *client.Client) error {
		c, err := engine.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: d.own()})
		if err != nil {
			return err
		}
		for _, found := range c.Items {
			if !kept(found.Labels[idLabel]) {
				// By its name, of which those of its volumes are made, unless another process has begun to remove it.
				name := append(found.Names, found.ID)[0]
				containers = append(containers, strings.TrimPrefix(name, "/"))
			}
		}
		v, err := engine.VolumeList(ctx, client.VolumeListOptions{Filters: d.own()})
		if err != nil {
			return err
		}
		for _, found := range v.Items {
			if !kept(found.Labels[idLabel]) {
				volumes = append(volumes, found.Name)
			}
		}
		n, err := engine.NetworkList(ctx, client.NetworkListOptions{Filters: d.own()})
		for _, found := range n.Items {
			if !kept(found.Labels[idLabel]) {
				networks = append(networks, found.ID)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, one := range []struct {
		remove func(context.Context, string) error
		names  []string
	}{{d.Terminate, containers}, {d.removeVolume, volumes}, {removeNetwork, networks}} {
		for _, name := range one.names {
			if err := one.remove(ctx, name); err != nil {
				return err
			}
		}
	}
	return nil
}
