package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"ecommerce-platform/tests/lab/images"
	"ecommerce-platform/tests/lab/machines"
	"ecommerce-platform/tests/lab/mirror"
	"ecommerce-platform/tests/lab/platform"
	"ecommerce-platform/tests/lab/toolchain"
)

// reached is the stage that a word of the floor's script stands for.
var reached = map[string]stage{
	"machine": stageMachines, "packages": stagePackages, "control-plane": stageControlPlane, "node": stageNodes, "rollouts": stageReady,
}

// floor makes the platform that was measured last once more, in its place, with a bare script.
func (b *bringUps) floor(ctx context.Context) (times stageTimes, err error) {
	if b.deployed == nil {
		return nil, errors.New("the floor needs a platform to make again: bring one up first")
	}
	if err := platform.Down(ctx, b.name); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "ecommerce-platform-floor-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	variables, err := b.input(dir)
	if err != nil {
		return nil, err
	}
	internet, err := mirror.Start(ctx, b.name, mirror.Options{})
	if err != nil {
		return nil, err
	}
	image, err := images.Newest.Machine().Build(ctx)
	if err != nil {
		return nil, err
	}
	script, err := toolchain.Source("bench", "floor", "floor.sh")
	if err != nil {
		return nil, err
	}

	watching, stop := context.WithCancel(ctx)
	defer stop()
	answered := answer(watching, b.url())
	start := time.Now()
	if err := b.launch(ctx, &machines.Docker{Name: b.name, Image: image, Mirror: internet}); err != nil {
		return nil, err
	}
	times = stageTimes{}
	cmd := exec.CommandContext(ctx, "bash", script)
	cmd.Env = append(os.Environ(), variables...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	stages, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	for lines := bufio.NewScanner(stages); lines.Scan(); {
		word, _, _ := strings.Cut(lines.Text(), " ")
		_, _ = fmt.Fprintf(b.output, "floor: %s after %.1f s\n", lines.Text(), time.Since(start).Seconds())
		if stage, ok := reached[word]; ok {
			times[stage] = time.Since(start)
		}
	}
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s%s", script, err, complaints.String(), logs(dir))
	}
	times[stageURL], err = b.since(answered, start)
	return times, err
}

// nodes are the control plane, then the workers by name.
func (b *bringUps) nodes() []string {
	workers := maps.Clone(b.addresses)
	delete(workers, "control-plane")
	return append([]string{"control-plane"}, slices.Sorted(maps.Keys(workers))...)
}

// launch starts the machines, all at once, with the user data of the platform's. No security group keeps anything from them.
func (b *bringUps) launch(ctx context.Context, docker *machines.Docker) error {
	block, err := netip.ParsePrefix(b.vpcCidr)
	if err != nil {
		return err
	}
	network := machines.Network{ID: "floor", CIDR: block}
	if err := docker.CreateNetwork(ctx, network); err != nil {
		return err
	}
	everything := []machines.Rule{{ID: "floor", Protocol: "-1", CIDR: netip.PrefixFrom(netip.IPv4Unspecified(), 0)}}
	all, ctx := errgroup.WithContext(ctx)
	for i, node := range b.nodes() {
		all.Go(func() error {
			address, err := netip.ParseAddr(b.addresses[node])
			if err != nil {
				return err
			}
			userData, err := b.deployed.userData(node)
			if err != nil {
				return err
			}
			return docker.Launch(ctx, machines.Machine{
				ID: fmt.Sprintf("i-floor%d", i), Container: b.name + "-" + node, Network: network, Address: address,
				Hostname: node, FQDN: node, UserData: userData,
				Firewall: machines.Firewall{
					Network: network, Address: address, Public: true, Ingress: everything, Egress: everything,
				}.Ruleset(),
			})
		})
	}
	return all.Wait()
}

// input writes what the script takes into dir and returns its variables.
func (b *bringUps) input(dir string) ([]string, error) {
	nodes := b.nodes()
	for _, node := range nodes {
		files, err := b.deployed.files(node)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, node+".tar"), files, 0o600); err != nil {
			return nil, err
		}
		if node == nodes[0] {
			continue
		}
		labels, err := b.deployed.labels(node)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, node+".labels"), []byte(strings.Join(labels, " ")), 0o600); err != nil {
			return nil, err
		}
	}
	for name, admits := range map[string]func(resource) bool{
		"calico.yaml": isCalico, "shop.yaml": func(r resource) bool { return !isCalico(r) },
	} {
		documents, err := b.deployed.objects(admits)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, name), documents, 0o600); err != nil {
			return nil, err
		}
	}
	variables := []string{
		"NODES=" + strings.Join(nodes, " "), "CONTAINERS=" + b.name, "INPUT=" + dir,
		"DEPLOYMENTS=" + strings.Join(b.deployed.deployments(), " "),
	}
	for step, names := range map[string][]string{
		"-" + nodes[1] + "-prepare": {"KUBERNETES_VERSION", "PACKAGES", "REGISTRIES"},
		"-volumes":                  {"VOLUMES"},
		"-calico":                   {"MANIFEST_URL"},
		"-init":                     {"IGNORE"},
	} {
		settings, err := b.deployed.settings(step)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			variables = append(variables, name+"="+settings[name])
		}
	}
	return variables, nil
}

// logs are the ends of what the script's tools wrote.
func logs(dir string) string {
	files, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil {
		return ""
	}
	var text strings.Builder
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		fmt.Fprintf(&text, "\n--- %s\n%s", filepath.Base(file), body[max(0, len(body)-2000):])
	}
	return text.String()
}
