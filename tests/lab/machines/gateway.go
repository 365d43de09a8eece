package machines

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"ecommerce-platform/tests/lab/docker"
)

// Gateway says which public addresses answer, and where what arrives there goes.
type Gateway struct {
	Addresses []PublicAddress `json:"addresses"`
}

// PublicAddress is an Elastic IP or the public address of an instance.
type PublicAddress struct {
	Public  string  `json:"public"`
	Private string  `json:"private"`
	Ports   []Ports `json:"ports"` // TCP, as security groups admit them from the host
}

// Ports is a range.
type Ports struct {
	From int `json:"from"`
	To   int `json:"to"`
}

func (d *Docker) gatewayName() string { return d.Name + "-gateway" }

func gatewayPath(dir string) string { return filepath.Join(dir, "gateway", "gateway.json") }

// Gateway publishes the table and makes sure that the forwarder runs, as long as there is an address to answer on. The forwarder is a
// container in the host's network, so that it outlives the provider.
func (d *Docker) Gateway(ctx context.Context, dir string, table Gateway) error {
	if err := WriteGateway(dir, table); err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
	status, err := d.Status(ctx, d.gatewayName())
	if err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
	switch {
	case len(table.Addresses) == 0:
		if status != "" {
			err = docker.Remove(ctx, d.gatewayName())
		}
	case status == "running":
	default:
		err = d.startGateway(ctx, dir)
	}
	if err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
	return nil
}

func (d *Docker) startGateway(ctx context.Context, dir string) error {
	if err := d.Terminate(ctx, d.gatewayName()); err != nil {
		return err
	}
	binary, err := os.Executable()
	if err != nil {
		return err
	}
	if err := docker.Create(ctx, client.ContainerCreateOptions{
		Name:   d.gatewayName(),
		Config: &container.Config{Image: d.Image, Labels: d.labels(""), Entrypoint: []string{"/gateway"}, Cmd: []string{"gateway", "/twin"}},
		HostConfig: &container.HostConfig{
			NetworkMode: "host", RestartPolicy: container.RestartPolicy{Name: container.RestartPolicyUnlessStopped}, ReadonlyRootfs: true,
			Binds: []string{binary + ":/gateway:ro", filepath.Dir(gatewayPath(dir)) + ":/twin:ro"},
		},
	}); err != nil {
		return err
	}
	return docker.Power(ctx, d.gatewayName(), true)
}

// WriteGateway replaces the table at once; the forwarder sees it within a second. It is in a directory of its own,
// which is all that the forwarder sees of the state.
func WriteGateway(dir string, table Gateway) error {
	data, err := json.MarshalIndent(table, "", "  ")
	if err != nil {
		return err
	}
	path := gatewayPath(dir)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if before, err := os.ReadFile(path); err == nil && string(before) == string(data) {
		return nil
	}
	return renameio.WriteFile(path, data, 0o600, renameio.WithTempDir(filepath.Dir(path)))
}
