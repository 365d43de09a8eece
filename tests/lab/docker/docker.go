// Package docker calls the Docker engine that DOCKER_HOST names, or else this machine's, through its API, and says what to look at
// where that fails.
package docker

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// patience bounds one call of the engine: the slowest is the removal of a machine with much on its disks.
const patience = 3 * time.Minute

// Call makes calls of the Docker engine that serve one end, which its error names with what to look at.
func Call(ctx context.Context, end string, calls func(context.Context, *client.Client) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("no answer within %s", patience))
	defer cancel()
	engine, err := client.New(client.FromEnv)
	if err == nil {
		defer engine.Close() //nolint:errcheck // its connections have served their end
		err = calls(ctx, engine)
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

// Missing says whether the engine answered that the object is not there. Where no engine answers, nothing is known of the object.
func Missing(err error) bool { return cerrdefs.IsNotFound(err) && absent.MatchString(err.Error()) }

// Gone forgives that what was to be removed is not there.
func Gone(err error) error {
	if Missing(err) {
		return nil
	}
	return err
}

// On makes one call of the engine that is about an object with a name.
func On[O, R any](ctx context.Context, doing, name string,
	call func(*client.Client, context.Context, string, O) (R, error), options O,
) (answer R, err error) {
	err = Call(ctx, doing+" "+name, func(ctx context.Context, engine *client.Client) (err error) {
		answer, err = call(engine, ctx, name, options)
		return err
	})
	return answer, err
}

// Create makes a container.
func Create(ctx context.Context, options client.ContainerCreateOptions) error {
	return Call(ctx, "making "+options.Name, func(ctx context.Context, engine *client.Client) error {
		_, err := engine.ContainerCreate(ctx, options)
		return err
	})
}

// Power starts or stops a container; one that is so already stays so.
func Power(ctx context.Context, name string, up bool) (err error) {
	if up {
		_, err = On(ctx, "starting", name, (*client.Client).ContainerStart, client.ContainerStartOptions{})
	} else {
		_, err = On(ctx, "stopping", name, (*client.Client).ContainerStop, client.ContainerStopOptions{})
	}
	return err
}

// Unpack writes the files of an archive into a container.
func Unpack(ctx context.Context, name string, archive []byte) error {
	_, err := On(ctx, "copying to", name, (*client.Client).CopyToContainer,
		client.CopyToContainerOptions{DestinationPath: "/", Content: bytes.NewReader(archive)})
	return err
}

// Inspect returns what the engine knows of a container, nil where there is none.
func Inspect(ctx context.Context, name string) (*container.InspectResponse, error) {
	found, err := On(ctx, "inspecting", name, (*client.Client).ContainerInspect, client.ContainerInspectOptions{})
	if err != nil {
		return nil, Gone(err)
	}
	return &found.Container, nil
}

// Remove ends a container, and removes it with the volumes that have no name. What is gone already is no error.
func Remove(ctx context.Context, name string) error {
	_, err := On(ctx, "removing", name, (*client.Client).ContainerRemove, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	return Gone(err)
}

// RemoveVolume removes one. What is gone already is no error.
func RemoveVolume(ctx context.Context, name string) error {
	_, err := On(ctx, "removing volume", name, (*client.Client).VolumeRemove, client.VolumeRemoveOptions{Force: true})
	return Gone(err)
}

// Run runs a command in a container and returns its exit status and what it wrote.
func Run(ctx context.Context, name, stdin string, command ...string) (status int, output string, err error) {
	var written bytes.Buffer
	err = Call(ctx, "running "+command[0]+" in "+name, func(ctx context.Context, engine *client.Client) error {
		created, err := engine.ExecCreate(ctx, name, client.ExecCreateOptions{
			Cmd: command, AttachStdin: true, AttachStdout: true, AttachStderr: true,
		})
		if err != nil {
			return err
		}
		attached, err := engine.ExecAttach(ctx, created.ID, client.ExecAttachOptions{})
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
		ended, err := engine.ExecInspect(ctx, created.ID, client.ExecInspectOptions{})
		status = ended.ExitCode
		return err
	})
	return status, strings.TrimSpace(written.String()), err
}

// Logs returns the last lines that a container wrote to either stream.
func Logs(ctx context.Context, name string, lines int) (string, error) {
	var written bytes.Buffer
	err := Call(ctx, "reading the log of "+name, func(ctx context.Context, engine *client.Client) error {
		log, err := engine.ContainerLogs(ctx, name, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Tail: strconv.Itoa(lines)})
		if err != nil {
			return err
		}
		defer log.Close() //nolint:errcheck // read only
		_, err = stdcopy.StdCopy(&written, &written, log)
		return err
	})
	return strings.TrimSpace(written.String()), err
}
