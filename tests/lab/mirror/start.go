package mirror

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"ecommerce-platform/tests/lab/images"
	"ecommerce-platform/tests/lab/load"
	"ecommerce-platform/tests/lab/toolchain"
)

// startup is how long the mirror's servers may take to answer.
const startup = 30 * time.Second

// contentLabel is the container's label that names what it serves.
const contentLabel = "ecommerce-platform.mirror"

// Container is the name of a lab's mirror.
func Container(name string) string { return name + "-mirror" }

// Start runs the mirror of the lab with a name, unless it runs, and returns its container's name once everything
// answers. A mirror that serves something older is replaced and keeps its addresses.
func Start(ctx context.Context, name string, options Options) (string, error) {
	c, err := prepare(ctx, options)
	if err != nil {
		return "", err
	}
	unlock, err := toolchain.Lock(ctx, "mirror-"+name)
	if err != nil {
		return "", err
	}
	defer unlock()
	container := Container(name)
	if err := c.run(ctx, name, container); err != nil {
		return "", fmt.Errorf("mirror %s: %w", container, err)
	}
	for port, path := range map[string]string{"80/tcp": "/key.asc", "5000/tcp": "/v2/"} {
		address, err := published(ctx, container, port)
		if err != nil {
			return "", fmt.Errorf("mirror %s: %w", container, err)
		}
		if err := answers(ctx, container, "http://"+address+path); err != nil {
			return "", err
		}
	}
	return container, nil
}

// run brings the container into being or to life.
func (c content) run(ctx context.Context, name, container string) error {
	serves := c.key + "-" + c.image
	old, err := inspect(ctx, container)
	if err != nil {
		return err
	}
	if old != nil && old.Config.Labels[contentLabel] == serves {
		_, err := toolchain.Run(ctx, "docker", "start", container)
		return err
	}
	if old != nil {
		if _, err := toolchain.Run(ctx, "docker", "rm", "--force", container); err != nil {
			return err
		}
	}
	command := []string{"docker", "run", "--detach", "--name", container, "--hostname", container,
		"--label", "twin=" + name, "--label", contentLabel + "=" + serves, "--restart", "unless-stopped",
		"--publish", "127.0.0.1::80", "--publish", "127.0.0.1::5000",
		"--volume", filepath.Join(c.root, "www") + ":/srv/www:ro", "--volume", volume + ":/srv/registry"}
	if c.official {
		command = append(command, "--volume", filepath.Join(c.root, "conf")+":/srv/conf:ro", "--volume", pulled+":/srv/pulled")
		command = append(command, images.Proxies("--env")...)
	}
	_, err = toolchain.Run(ctx, append(command, c.image)...)
	if err != nil || old == nil {
		return err
	}
	for network, end := range old.NetworkSettings.Networks {
		if end.IPAMConfig == nil || end.IPAMConfig.IPv4Address == "" {
			continue
		}
		if _, err := toolchain.Run(ctx, "docker", "network", "connect", "--ip", end.IPAMConfig.IPv4Address, network, container); err != nil {
			return err
		}
	}
	return nil
}

// details is what docker inspect says that matters here.
type details struct {
	Config          struct{ Labels map[string]string }
	NetworkSettings struct {
		Networks map[string]struct{ IPAMConfig *struct{ IPv4Address string } }
		Ports    map[string][]struct{ HostIP, HostPort string }
	}
}

// inspect returns nil for a container that does not exist.
func inspect(ctx context.Context, container string) (*details, error) {
	out, err := toolchain.Run(ctx, "docker", "container", "inspect", container)
	if err != nil {
		if strings.Contains(err.Error(), "No such container") {
			return nil, nil
		}
		return nil, err
	}
	var all []details
	if err := json.Unmarshal([]byte(out), &all); err != nil || len(all) != 1 {
		return nil, fmt.Errorf("docker inspect %s: %d containers: %w", container, len(all), err)
	}
	return &all[0], nil
}

// published is the loopback address of a container's port.
func published(ctx context.Context, container, port string) (string, error) {
	d, err := inspect(ctx, container)
	if err != nil {
		return "", err
	}
	if d == nil || len(d.NetworkSettings.Ports[port]) == 0 {
		return "", fmt.Errorf("container %s: port %s is not published; %s", container, port, logs(ctx, container))
	}
	binding := d.NetworkSettings.Ports[port][0]
	return binding.HostIP + ":" + binding.HostPort, nil
}

// answers waits until a URL does.
func answers(ctx context.Context, container, url string) error {
	waiting, cancel := context.WithTimeout(ctx, startup)
	defer cancel()
	if err := load.Await(waiting, 200*time.Millisecond, load.Options{URL: url}); err != nil {
		return fmt.Errorf("container %s: %s: no answer within %s: %w; %s", container, url, startup, err, logs(context.WithoutCancel(ctx), container))
	}
	return nil
}

// logs is what to look at when a container does not do what it should.
func logs(ctx context.Context, container string) string {
	// docker logs keeps the two streams apart, and servers write to either.
	out, err := toolchain.Run(ctx, "sh", "-c", `docker logs --tail 20 "$1" 2>&1`, "sh", container)
	if err != nil {
		return err.Error()
	}
	return "its last lines:\n" + out
}

// asked notes that the mirror's files are wanted, and removes older ones that no container serves.
func (c content) asked(ctx context.Context) error {
	out, err := toolchain.Run(ctx, "docker", "ps", "--all", "--filter", "label="+contentLabel, "--format", `{{.Label "`+contentLabel+`"}}`)
	if err != nil {
		return err
	}
	var served []string
	for _, label := range strings.Fields(out) {
		key, _, _ := strings.Cut(label, "-")
		served = append(served, key)
	}
	return toolchain.Asked(c.root, toolchain.StaleBuild, served...)
}
