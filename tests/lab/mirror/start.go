package mirror

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"ecommerce-platform/tests/lab/docker"
	"ecommerce-platform/tests/lab/images"
	"ecommerce-platform/tests/lab/load"
	"ecommerce-platform/tests/lab/toolchain"
)

// startup is how long the mirror's servers may take to answer.
const startup = 30 * time.Second

// contentLabel is the container's label that names what it serves.
const contentLabel = "ecommerce-platform.mirror"

// servers are the mirror's ports, each with what shows that its server works.
var servers = map[string]string{"80/tcp": "/key.asc", registryPort: "/v2/"}

// registryPort is where the registry listens.
const registryPort = "5000/tcp"

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
	mirror := Container(name)
	if err := c.run(ctx, name, mirror); err != nil {
		return "", fmt.Errorf("mirror %s: %w", mirror, err)
	}
	for port, path := range servers {
		address, err := published(ctx, mirror, port)
		if err != nil {
			return "", fmt.Errorf("mirror %s: %w", mirror, err)
		}
		if err := answers(ctx, mirror, "http://"+address+path); err != nil {
			return "", err
		}
	}
	return mirror, nil
}

// run brings the container into being or to life.
func (c content) run(ctx context.Context, name, mirror string) error {
	serves := c.key + "-" + c.image
	old, err := docker.Inspect(ctx, mirror)
	if err != nil {
		return err
	}
	if old != nil && old.Config.Labels[contentLabel] == serves {
		return docker.Power(ctx, mirror, true)
	}
	if old != nil {
		if err := docker.Remove(ctx, mirror); err != nil {
			return err
		}
	}
	if err := docker.Create(ctx, c.container(name, mirror, serves)); err != nil {
		return err
	}
	if err := docker.Power(ctx, mirror, true); err != nil || old == nil {
		return err
	}
	for name, end := range old.NetworkSettings.Networks {
		if end.IPAMConfig == nil || !end.IPAMConfig.IPv4Address.IsValid() {
			continue
		}
		_, err := docker.On(ctx, "connecting to", name, (*client.Client).NetworkConnect, client.NetworkConnectOptions{
			Container: mirror, EndpointConfig: &network.EndpointSettings{IPAMConfig: &network.EndpointIPAMConfig{IPv4Address: end.IPAMConfig.IPv4Address}},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// container is the mirror's, with its servers on loopback ports that the engine chooses.
func (c content) container(name, mirror, serves string) client.ContainerCreateOptions {
	host := &container.HostConfig{
		RestartPolicy: container.RestartPolicy{Name: container.RestartPolicyUnlessStopped}, PortBindings: network.PortMap{},
		Binds: []string{filepath.Join(c.root, "www") + ":/srv/www:ro", volume + ":/srv/registry"},
	}
	config := &container.Config{
		Image: c.image, Hostname: mirror, Labels: map[string]string{"twin": name, contentLabel: serves}, ExposedPorts: network.PortSet{},
	}
	for port := range servers {
		publish(config, host, port)
	}
	if c.official {
		host.Binds = append(host.Binds, filepath.Join(c.root, "conf")+":/srv/conf:ro", pulled+":/srv/pulled")
		config.Env = images.Proxies()
	}
	return client.ContainerCreateOptions{Name: mirror, Config: config, HostConfig: host}
}

// publish makes a port of a container reachable on this host, and nowhere else.
func publish(config *container.Config, host *container.HostConfig, port string) {
	p := network.MustParsePort(port)
	config.ExposedPorts[p] = struct{}{}
	host.PortBindings[p] = []network.PortBinding{{HostIP: netip.AddrFrom4([4]byte{127, 0, 0, 1})}}
}

// published is the loopback address of a container's port.
func published(ctx context.Context, name, port string) (string, error) {
	found, err := docker.Inspect(ctx, name)
	if err != nil {
		return "", err
	}
	if found == nil || found.NetworkSettings == nil || len(found.NetworkSettings.Ports[network.MustParsePort(port)]) == 0 {
		return "", fmt.Errorf("container %s: port %s is not published; %s", name, port, logs(ctx, name))
	}
	binding := found.NetworkSettings.Ports[network.MustParsePort(port)][0]
	return net.JoinHostPort(binding.HostIP.String(), binding.HostPort), nil
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
func logs(ctx context.Context, name string) string {
	text, err := docker.Logs(ctx, name, 20)
	if err != nil {
		return err.Error()
	}
	return "its last lines:\n" + text
}

// mirrors are the containers of all labs' mirrors.
func mirrors(ctx context.Context, filters client.Filters) (found []container.Summary, err error) {
	err = docker.Call(ctx, "looking for mirrors", func(ctx context.Context, engine *client.Client) error {
		list, err := engine.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: filters.Add("label", contentLabel)})
		found = list.Items
		return err
	})
	return found, err
}

// asked notes that the mirror's files are wanted, and removes older ones that no container serves.
func (c content) asked(ctx context.Context) error {
	all, err := mirrors(ctx, client.Filters{})
	if err != nil {
		return err
	}
	var served []string
	for _, mirror := range all {
		key, _, _ := strings.Cut(mirror.Labels[contentLabel], "-")
		served = append(served, key)
	}
	return toolchain.Asked(c.root, toolchain.StaleBuild, served...)
}
