package machines

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"ecommerce-platform/tests/lab/docker"
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

// at is a container's place on a network.
func at(address netip.Addr) *network.EndpointSettings {
	return &network.EndpointSettings{IPAMConfig: &network.EndpointIPAMConfig{IPv4Address: address}}
}

// CreateNetwork makes the network and puts the mirror on it, where AWS has its resolver.
func (d *Docker) CreateNetwork(ctx context.Context, n Network) error {
	name := d.networkName(n.ID)
	_, err := docker.On(ctx, "making network", name, (*client.Client).NetworkCreate, client.NetworkCreateOptions{
		Driver: "bridge", Labels: d.labels(n.ID),
		IPAM: &network.IPAM{Config: []network.IPAMConfig{{Subnet: n.CIDR, Gateway: n.router()}}},
	})
	if err != nil {
		return fmt.Errorf("subnet %s: %w", n.ID, err)
	}
	if d.Mirror == "" {
		return nil
	}
	_, err = docker.On(ctx, "connecting to", name, (*client.Client).NetworkConnect,
		client.NetworkConnectOptions{Container: d.Mirror, EndpointConfig: at(n.resolver())})
	if err != nil {
		return fmt.Errorf("subnet %s: mirror %s: %w", n.ID, d.Mirror, err)
	}
	return nil
}

// RemoveNetwork takes the mirror off the network and removes it. What is gone already is no error.
func (d *Docker) RemoveNetwork(ctx context.Context, id string) error {
	return removeNetwork(ctx, d.networkName(id))
}

func removeNetwork(ctx context.Context, name string) error {
	return docker.Gone(docker.Call(ctx, "removing network "+name, func(ctx context.Context, engine *client.Client) error {
		found, err := engine.NetworkInspect(ctx, name, client.NetworkInspectOptions{})
		if err != nil {
			return err
		}
		for _, connected := range found.Network.Containers {
			_, err := engine.NetworkDisconnect(ctx, name, client.NetworkDisconnectOptions{Container: connected.Name, Force: true})
			if err != nil && !docker.Missing(err) && !strings.Contains(err.Error(), "is not connected") {
				return err
			}
		}
		_, err = engine.NetworkRemove(ctx, name, client.NetworkRemoveOptions{})
		return err
	}))
}
