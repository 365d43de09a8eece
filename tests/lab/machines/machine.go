package machines

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
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
	privileges, err := d.privilegeFlags(ctx)
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
	args := []string{"create", "--name", m.Container, "--hostname", m.Hostname,
		"--label", d.label(), "--label", "twin.id=" + m.ID,
		"--network", d.networkName(m.Network.ID), "--ip", m.Address.String(), "--dns", m.Network.resolver().String(),
		"--restart", "unless-stopped", "--stop-signal", "SIGRTMIN+3", "--stop-timeout", "60",
		"--tmpfs", "/run:exec,mode=755", "--tmpfs", "/tmp:exec,mode=1777"}
	args = append(args, privileges...)
	limits, err := m.Size.limits()
	if err != nil {
		return err
	}
	args = append(args, limits...)
	for _, dir := range volumes {
		volume := volumeName(m.Container, dir)
		if _, err := d.run(ctx, "volume", "create", "--label", d.label(), "--label", "twin.id="+m.ID, volume); err != nil {
			return err
		}
		args = append(args, "--volume", volume+":"+dir)
	}
	if _, err := d.run(ctx, append(args, d.Image)...); err != nil {
		return err
	}
	seed, err := m.seed()
	if err != nil {
		return err
	}
	if _, err := docker(ctx, seed, "cp", "-", m.Container+":/"); err != nil {
		return err
	}
	_, err = d.run(ctx, "start", m.Container)
	return err
}

// Terminate removes the container and its volumes. What is gone already is no error.
func (d *Docker) Terminate(ctx context.Context, container string) error {
	owner, err := d.run(ctx, "inspect", "--type", "container", "--format", `{{index .Config.Labels "twin"}}`, container)
	if err == nil {
		if owner != d.Name {
			return fmt.Errorf("container %s: not made by twin %q, so it is not removed: `docker rm` it or set another TWIN_NAME", container, d.Name)
		}
		_, err = d.run(ctx, "rm", "--force", "--volumes", container)
	}
	if err != nil && !missing(err) {
		return err
	}
	for _, dir := range volumes {
		if _, err := d.run(ctx, "volume", "rm", "--force", volumeName(container, dir)); err != nil && !missing(err) {
			return err
		}
	}
	return nil
}

// Restart stops and starts the machine as one of a size, with other user data, which cloud-init reads but does not run again.
func (d *Docker) Restart(ctx context.Context, container string, size Size, userData []byte) error {
	limits, err := size.limits()
	if err != nil {
		return err
	}
	if _, err := d.run(ctx, "stop", container); err != nil {
		return err
	}
	if len(limits) > 0 {
		if _, err := d.run(ctx, append(append([]string{"update"}, limits...), container)...); err != nil {
			return err
		}
	}
	if userData != nil {
		seed, err := archive(file{seedDir + "/user-data", 0o600, userData})
		if err != nil {
			return err
		}
		if _, err := docker(ctx, seed, "cp", "-", container+":/"); err != nil {
			return err
		}
	}
	_, err = d.run(ctx, "start", container)
	return err
}

// Power starts or stops the machine; one that is so already stays so.
func (d *Docker) Power(ctx context.Context, container string, on bool) error {
	action := "stop"
	if on {
		action = "start"
	}
	_, err := d.run(ctx, action, container)
	return err
}

// Status is EC2's word for how the machine is: running, stopped, or "" when it is gone.
func (d *Docker) Status(ctx context.Context, container string) (string, error) {
	state, err := d.run(ctx, "inspect", "--type", "container", "--format", "{{.State.Running}}", container)
	switch {
	case missing(err):
		return "", nil
	case err != nil:
		return "", err
	case state == "true":
		return "running", nil
	}
	return "stopped", nil
}

// Sweep removes containers, volumes and networks of this twin whose resource is not in keep: leftovers of a provider that died.
func (d *Docker) Sweep(ctx context.Context, keep []string) error {
	kept := map[string]bool{"": true}
	for _, id := range keep {
		kept[id] = true
	}
	list := func(args ...string) (names []string, err error) {
		text, err := d.run(ctx, append(args, "--filter", "label="+d.label())...)
		for _, line := range strings.Split(text, "\n") {
			name, id, _ := strings.Cut(line, " ")
			if name != "" && !kept[strings.TrimSpace(id)] {
				names = append(names, name)
			}
		}
		return names, err
	}
	containers, err := list("ps", "--all", "--format", `{{.Names}} {{.Label "twin.id"}}`)
	if err != nil {
		return err
	}
	for _, name := range containers {
		if err := d.Terminate(ctx, name); err != nil {
			return err
		}
	}
	volumes, err := list("volume", "ls", "--format", `{{.Name}} {{.Label "twin.id"}}`)
	if err != nil {
		return err
	}
	for _, name := range volumes {
		if _, err := d.run(ctx, "volume", "rm", "--force", name); err != nil && !missing(err) {
			return err
		}
	}
	networks, err := list("network", "ls", "--format", `{{.Name}} {{.Label "twin.id"}}`)
	if err != nil {
		return err
	}
	for _, name := range networks {
		if err := d.removeNetwork(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// Container finds the machine of a twin that has the private address.
func Container(ctx context.Context, name, address string) (string, error) {
	d := &Docker{Name: name}
	ids, err := d.run(ctx, "ps", "--all", "--quiet", "--filter", "label="+d.label(), "--filter", "label=twin.id")
	if err != nil {
		return "", err
	}
	for _, id := range lines(ids) {
		addresses, err := d.run(ctx, "inspect", "--format", "{{range .NetworkSettings.Networks}}{{with .IPAMConfig}}{{.IPv4Address}}{{end}} {{end}}", id)
		if err != nil {
			return "", err
		}
		for _, has := range lines(addresses) {
			if has == address {
				return id, nil
			}
		}
	}
	return "", fmt.Errorf("twin %s: no machine has the address %s", name, address)
}
