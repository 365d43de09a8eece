// Package machines runs the digital twin's machines: EC2 instances as Docker containers that boot systemd and
// cloud-init, subnets as Docker networks, security groups as nftables, Elastic IPs as forwarded addresses.
package machines

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// patience bounds one call of the engine: the slowest is the removal of a machine with much on its disks.
const patience = 3 * time.Minute

// Docker drives the Docker engine that DOCKER_HOST names, or else this machine's. Everything it makes has the label twin=Name.
type Docker struct {
	Name   string // prefix and label of containers, networks and volumes
	Image  string // stands for the AMI
	Mirror string // container that is "the internet" on every network; "" for none

	privileged sync.Once
	privileges privileges
	refused    error
}

const (
	twinLabel = "twin"    // has the twin's name
	idLabel   = "twin.id" // has the ID of the resource that it stands for
)

// labels are those of what stands for a resource, or of what serves the whole twin where id is "".
func (d *Docker) labels(id string) map[string]string {
	labels := map[string]string{twinLabel: d.Name}
	if id != "" {
		labels[idLabel] = id
	}
	return labels
}

// own finds what this twin has made, and has the further labels.
func (d *Docker) own(labels ...string) client.Filters {
	return client.Filters{}.Add("label", append(labels, twinLabel+"="+d.Name)...)
}

// engine makes calls of the Docker engine that serve one end, which its error names with what to look at.
func engine(ctx context.Context, end string, calls func(context.Context, *client.Client) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("no answer within %s", patience))
	defer cancel()
	docker, err := client.New(client.FromEnv)
	if err == nil {
		defer docker.Close() //nolint:errcheck // its connections have served their end
		err = calls(ctx, docker)
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	}
	return fmt.Errorf("docker: %s: %w%s", end, err, hint(err))
}

// hint says what to look at for the failures that people meet.
func hint(err error) string {
	for _, h := range []struct {
		is   bool
		text string
		hint string
	}{
		{client.IsErrConnectionFailed(err), "", "start it: `systemctl start docker`, or `dockerd` where there is no systemd"},
		{cerrdefs.IsNotFound(err), "No such image", "the lab builds the image: `docker images`"},
		{cerrdefs.IsConflict(err), "is not running", "`docker logs` of the container shows why it stopped"},
		{true, "Pool overlaps", "another network of this host has addresses in that range: `docker network ls`, `ip route`; remove it or choose another vpcCidr"},
		{true, "Address already in use", "`docker network inspect` shows which container has it"},
	} {
		if h.is && strings.Contains(err.Error(), h.text) {
			return "; " + h.hint
		}
	}
	return ""
}

// absent is how the engine says that it knows no such object. Any other server may answer that something is not found.
var absent = regexp.MustCompile(`(?i)no such (container|object|volume|network)|(network|volume) \S+ not found`)

// missing says whether the engine answered that the object is not there. Where no engine answers, nothing is known of the object.
func missing(err error) bool { return cerrdefs.IsNotFound(err) && absent.MatchString(err.Error()) }

// gone forgives that what was to be removed is not there.
func gone(err error) error {
	if missing(err) {
		return nil
	}
	return err
}

// on makes one call of the engine that is about an object with a name.
func on[O, R any](ctx context.Context, doing, name string,
	call func(*client.Client, context.Context, string, O) (R, error), options O,
) (answer R, err error) {
	err = engine(ctx, doing+" "+name, func(ctx context.Context, docker *client.Client) (err error) {
		answer, err = call(docker, ctx, name, options)
		return err
	})
	return answer, err
}

// create makes a container.
func create(ctx context.Context, options client.ContainerCreateOptions) error {
	return engine(ctx, "making "+options.Name, func(ctx context.Context, docker *client.Client) error {
		_, err := docker.ContainerCreate(ctx, options)
		return err
	})
}

// power starts or stops a container; one that is so already stays so.
func power(ctx context.Context, name string, up bool) (err error) {
	if up {
		_, err = on(ctx, "starting", name, (*client.Client).ContainerStart, client.ContainerStartOptions{})
	} else {
		_, err = on(ctx, "stopping", name, (*client.Client).ContainerStop, client.ContainerStopOptions{})
	}
	return err
}

// unpack writes the files of an archive into a container.
func unpack(ctx context.Context, name string, archive []byte) error {
	_, err := on(ctx, "copying to", name, (*client.Client).CopyToContainer,
		client.CopyToContainerOptions{DestinationPath: "/", Content: bytes.NewReader(archive)})
	return err
}

// inspect returns what the engine knows of a container, nil where there is none.
func inspect(ctx context.Context, name string) (*container.InspectResponse, error) {
	found, err := on(ctx, "inspecting", name, (*client.Client).ContainerInspect, client.ContainerInspectOptions{})
	if err != nil {
		return nil, gone(err)
	}
	return &found.Container, nil
}

// remove ends a container, and removes it with the volumes that have no name. What is gone already is no error.
func remove(ctx context.Context, name string) error {
	_, err := on(ctx, "removing", name, (*client.Client).ContainerRemove, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	return gone(err)
}

// removeVolume removes one. What is gone already is no error.
func removeVolume(ctx context.Context, name string) error {
	_, err := on(ctx, "removing volume", name, (*client.Client).VolumeRemove, client.VolumeRemoveOptions{Force: true})
	return gone(err)
}

// run runs a command in a container and returns its exit status and what it wrote.
func run(ctx context.Context, name, stdin string, command ...string) (status int, output string, err error) {
	var written bytes.Buffer
	err = engine(ctx, "running "+command[0]+" in "+name, func(ctx context.Context, docker *client.Client) error {
		created, err := docker.ExecCreate(ctx, name, client.ExecCreateOptions{
			Cmd: command, AttachStdin: true, AttachStdout: true, AttachStderr: true,
		})
		if err != nil {
			return err
		}
		attached, err := docker.ExecAttach(ctx, created.ID, client.ExecAttachOptions{})
		if err != nil {
			return err
		}
		defer attached.Close()
		defer context.AfterFunc(ctx, attached.Close)()
		// A command that was not run, or that has failed, does not read; its status says so.
		_, _ = attached.Conn.Write([]byte(stdin))
		_ = attached.CloseWrite()
		if _, err := stdcopy.StdCopy(&written, &written, attached.Reader); err != nil {
			return err
		}
		ended, err := docker.ExecInspect(ctx, created.ID, client.ExecInspectOptions{})
		status = ended.ExitCode
		return err
	})
	return status, strings.TrimSpace(written.String()), err
}
