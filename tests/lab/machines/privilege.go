package machines

import (
	"context"
	"fmt"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"ecommerce-platform/tests/lab/docker"
)

// privileges are what a machine may do on this host.
type privileges func(*container.HostConfig)

func full(host *container.HostConfig) {
	host.Privileged, host.CgroupnsMode = true, container.CgroupnsModePrivate
}

// withoutResource is what a machine gets where a privileged container cannot be had, because the host itself lacks
// CAP_SYS_RESOURCE: everything else that privileged means.
func withoutResource(host *container.HostConfig) {
	host.CgroupnsMode = container.CgroupnsModePrivate
	host.CapAdd, host.CapDrop = []string{"ALL"}, []string{"SYS_RESOURCE"}
	host.SecurityOpt = []string{"seccomp=unconfined", "apparmor=unconfined"}
	host.MaskedPaths, host.ReadonlyPaths = []string{}, []string{} // none, where nil is Docker's defaults
	host.DeviceCgroupRules = []string{"a *:* rwm"}
	host.Devices = []container.DeviceMapping{{PathOnHost: "/dev/kmsg", PathInContainer: "/dev/kmsg", CgroupPermissions: "rwm"}}
}

// privilege finds out once, by trying, which of the two this Docker can do.
func (d *Docker) privilege(ctx context.Context) (privileges, error) {
	d.privileged.Do(func() {
		err := d.try(ctx, full)
		if err == nil {
			d.privileges = full
			return
		}
		if !strings.Contains(err.Error(), "caps") && !strings.Contains(err.Error(), "not permitted") {
			d.refused = err
			return
		}
		if e := d.try(ctx, withoutResource); e != nil {
			d.refused = fmt.Errorf("neither a privileged container starts: %w; nor one without CAP_SYS_RESOURCE: %w", err, e)
			return
		}
		d.privileges = withoutResource
	})
	return d.privileges, d.refused
}

// try starts a container with privileges.
func (d *Docker) try(ctx context.Context, allow privileges) error {
	host := &container.HostConfig{NetworkMode: "none"}
	allow(host)
	return docker.Call(ctx, "trying what containers may do", func(ctx context.Context, engine *client.Client) error {
		made, err := engine.ContainerCreate(ctx, client.ContainerCreateOptions{
			Config:     &container.Config{Image: d.Image, Labels: d.labels(""), Entrypoint: []string{"/bin/true"}},
			HostConfig: host,
		})
		if err != nil {
			return err
		}
		_, err = engine.ContainerStart(ctx, made.ID, client.ContainerStartOptions{})
		_, e := engine.ContainerRemove(context.WithoutCancel(ctx), made.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
		if err == nil {
			err = e
		}
		return err
	})
}
