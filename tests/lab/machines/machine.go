package machines

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"ecommerce-platform/tests/lab/docker"
)

// Machine is an instance.
type Machine struct {
	ID        string // i-...
	Container string // name of its container
	Network   Network
	Address   netip.Addr
	Hostname  string // ip-172-31-0-10, until user data names it
	FQDN      string
	PublicKey string // of its key pair, "" for none
	Size      Size   // of its type
	UserData  []byte
	Firewall  string // rule set in force before anything of the machine runs
}

// volumes are the directories that an overlay file system does not suit.
var volumes = []string{"/var/lib/containerd", "/var/lib/kubelet"}

func volumeName(container, dir string) string {
	return container + "-" + strings.ReplaceAll(strings.TrimPrefix(dir, "/var/lib/"), "/", "-")
}

// Launch makes the container, gives it its seed and starts it. A leftover of the same name is replaced; on failure nothing is left.
func (d *Docker) Launch(ctx context.Context, m Machine) (err error) {
	allow, err := d.privilege(ctx)
	if err != nil {
		return err
	}
	if err := d.Terminate(ctx, m.Container); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			if e := d.Terminate(context.WithoutCancel(ctx), m.Container); e != nil {
				err = fmt.Errorf("%w; then removing what was made: %w", err, e)
			}
		}
	}()
	host := &container.HostConfig{
		NetworkMode:   container.NetworkMode(d.networkName(m.Network.ID)),
		DNS:           []netip.Addr{m.Network.resolver()},
		RestartPolicy: container.RestartPolicy{Name: container.RestartPolicyUnlessStopped},
		Tmpfs:         map[string]string{"/run": "exec,mode=755", "/tmp": "exec,mode=1777"},
	}
	if host.Resources, err = m.Size.limits(); err != nil {
		return err
	}
	allow(host)
	for _, dir := range volumes {
		volume := volumeName(m.Container, dir)
		if err := docker.Call(ctx, "making volume "+volume, func(ctx context.Context, engine *client.Client) error {
			_, err := engine.VolumeCreate(ctx, client.VolumeCreateOptions{Name: volume, Labels: d.labels(m.ID)})
			return err
		}); err != nil {
			return err
		}
		host.Binds = append(host.Binds, volume+":"+dir)
	}
	stopTimeout := 60 // seconds
	if err := docker.Create(ctx, client.ContainerCreateOptions{
		Name: m.Container,
		Config: &container.Config{
			Image: d.Image, Hostname: m.Hostname, Labels: d.labels(m.ID), StopSignal: "SIGRTMIN+3", StopTimeout: &stopTimeout,
		},
		HostConfig: host,
		NetworkingConfig: &network.NetworkingConfig{
			EndpointsConfig: map[string]*network.EndpointSettings{d.networkName(m.Network.ID): at(m.Address)},
		},
	}); err != nil {
		return err
	}
	seed, err := m.seed()
	if err != nil {
		return err
	}
	if err := docker.Unpack(ctx, m.Container, seed); err != nil {
		return err
	}
	return docker.Power(ctx, m.Container, true)
}

// Terminate removes the container and its volumes. What is gone already is no error.
func (d *Docker) Terminate(ctx context.Context, name string) error {
	found, err := docker.Inspect(ctx, name)
	if err != nil {
		return err
	}
	if found != nil {
		if found.Config.Labels[twinLabel] != d.Name {
			return fmt.Errorf("container %s: not made by twin %q, so it is not removed: `docker rm` it or set another TWIN_NAME", name, d.Name)
		}
		if err := docker.Remove(ctx, name); err != nil {
			return err
		}
	}
	for _, dir := range volumes {
		if err := docker.RemoveVolume(ctx, volumeName(name, dir)); err != nil {
			return err
		}
	}
	return nil
}

// Restart stops and starts the machine as one of a size, with other user data, which cloud-init reads but does not run again.
func (d *Docker) Restart(ctx context.Context, name string, size Size, userData []byte) error {
	limits, err := size.limits()
	if err != nil {
		return err
	}
	if err := docker.Power(ctx, name, false); err != nil {
		return err
	}
	if size != (Size{}) {
		_, err := docker.On(ctx, "resizing", name, (*client.Client).ContainerUpdate, client.ContainerUpdateOptions{Resources: &limits})
		if err != nil {
			return err
		}
	}
	if userData != nil {
		seed, err := archive(file{seedDir + "/user-data", 0o600, userData})
		if err != nil {
			return err
		}
		if err := docker.Unpack(ctx, name, seed); err != nil {
			return err
		}
	}
	return docker.Power(ctx, name, true)
}

// Power starts or stops the machine; one that is so already stays so.
func (d *Docker) Power(ctx context.Context, name string, on bool) error {
	return docker.Power(ctx, name, on)
}

// Status is EC2's word for how the machine is: running, stopped, or "" when it is gone.
func (d *Docker) Status(ctx context.Context, name string) (string, error) {
	found, err := docker.Inspect(ctx, name)
	switch {
	case err != nil || found == nil:
		return "", err
	case found.State.Running:
		return "running", nil
	}
	return "stopped", nil
}

// Container finds the machine of a twin that has the private address.
func Container(ctx context.Context, name, address string) (id string, err error) {
	d := &Docker{Name: name}
	err = docker.Call(ctx, "looking for the machine at "+address, func(ctx context.Context, engine *client.Client) error {
		found, err := engine.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: d.own(idLabel)})
		for _, machine := range found.Items {
			if machine.NetworkSettings == nil {
				continue // it is still being made
			}
			for _, place := range machine.NetworkSettings.Networks {
				if place.IPAMConfig != nil && place.IPAMConfig.IPv4Address.String() == address {
					id = machine.ID
				}
			}
		}
		return err
	})
	if err == nil && id == "" {
		err = fmt.Errorf("twin %s: no machine has the address %s", name, address)
	}
	return id, err
}
