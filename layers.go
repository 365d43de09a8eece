package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/cluster"
	"ecommerce-platform/infra"
	"ecommerce-platform/infra/boundary"
	"ecommerce-platform/workloads"
)

var allLayers = []string{"infra", "cluster", "workloads"}

// has tells whether this stack holds the layer.
func (c *Config) has(layer string) bool { return slices.Contains(c.Layers, layer) }

// check returns every problem of the configuration in one error, each once, before anything is registered.
func (c *Config) check(found []error) error {
	for i, layer := range c.Layers {
		switch {
		case !slices.Contains(allLayers, layer):
			found = append(found, fmt.Errorf("layers[%d] %q: must be infra, cluster or workloads", i, layer))
		case slices.Index(c.Layers, layer) < i:
			found = append(found, fmt.Errorf("layers[%d] %q: duplicate of layers[%d]", i, layer, slices.Index(c.Layers, layer)))
		}
	}
	if len(c.Layers) == 0 {
		found = append(found, errors.New("layers []: at least one of infra, cluster and workloads is required"))
	}
	if c.has("infra") && c.has("workloads") && !c.has("cluster") {
		found = append(found, fmt.Errorf("layers %q: cluster lies between infra and workloads and cannot be left out", c.Layers))
	}

	nowhere := c.nowhere()
	if c.has("infra") || c.has("cluster") {
		labels := cluster.ValidateLoginKeys(c.LoginKeys)
		found = append(found, labels...)
		keys, err := c.keys()
		if err != nil {
			found = append(found, err)
		}
		if err != nil || len(labels) > 0 {
			// With keys of any kind the layers report what else is wrong.
			keys = c.placeholderKeys()
		}
		if c.has("infra") {
			found = append(found, c.infraArgs(keys).Validate()...)
			found = append(found, c.checkVolume()...)
		}
		if c.has("cluster") {
			found = append(found, c.clusterArgs(keys, nowhere, "unused").Validate()...)
			found = append(found, cluster.ValidateBackupPassword(c.BackupPassword, c.Backup.Destination)...)
		}
	}
	if c.has("workloads") {
		if c.DatabasePassword == "" {
			found = append(found, errors.New("databasePassword <unset>: required, set it with `pulumi config set --secret databasePassword`"))
		}
		if strings.ContainsFunc(c.DatabasePassword, unicode.IsControl) {
			found = append(found, errors.New("databasePassword <secret>: must be one line, without control characters"))
		}
		found = append(found, c.workloadsArgs(nowhere, "unused", pulumi.StringOutput{}).Validate()...)
	} else {
		found = append(found, c.database().ValidateVolume()...)
	}

	seen := map[string]bool{}
	found = slices.DeleteFunc(found, func(err error) bool {
		again := seen[err.Error()]
		seen[err.Error()] = true
		return again
	})
	return errors.Join(found...)
}

// deployInfra makes the machines, or finds them in the stack below.
func deployInfra(ctx *pulumi.Context, config *Config, keys *cluster.Keys, below *stackBelow, turns *turns) ([]machine, error) {
	if !config.has("infra") {
		return below.machines(config), nil
	}
	layer, err := infra.New(ctx, platformName, turns.hold(config.infraArgs(keys)))
	if err != nil {
		return nil, err
	}
	turns.followMachines(config, layer)
	return config.machinesOf(layer), nil
}

// deployCluster makes a cluster of the machines, or finds it in the stack below, and returns its kubeconfig.
func deployCluster(ctx *pulumi.Context, config *Config, keys *cluster.Keys, machines []machine, below *stackBelow, turns *turns) (pulumi.StringOutput, error) {
	switch {
	case config.has("cluster"):
	case config.has("workloads"):
		return below.kubeconfig(), nil
	default:
		config.exportLoginKeys(ctx, keys, nil)
		return pulumi.StringOutput{}, nil
	}
	args := config.clusterArgs(keys, machines, identifier(ctx))
	args.Stands = turns.stands
	layer, err := cluster.New(ctx, platformName, args)
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	turns.followCluster(layer)
	config.exportLoginKeys(ctx, keys, layer)
	ctx.Export("kubeconfig", layer.Kubeconfig)
	for role, kubeconfig := range layer.Kubeconfigs {
		ctx.Export("kubeconfig"+strings.ToUpper(role[:1])+role[1:], kubeconfig)
	}
	ctx.Export("certificates", layer.Certificates)
	if config.Backup.Destination != "" {
		ctx.Export("backups", layer.Backups)
	}
	return layer.Kubeconfig, nil
}

// deployWorkloads runs the shop on the cluster.
func deployWorkloads(ctx *pulumi.Context, config *Config, machines []machine, kubeconfig pulumi.StringOutput) error {
	if !config.has("workloads") {
		return nil
	}
	layer, err := workloads.New(ctx, shopName, config.workloadsArgs(machines, identifier(ctx), kubeconfig))
	if err != nil {
		return err
	}
	ctx.Export("frontendUrl", layer.FrontendURL)
	ctx.Export("services", layer.Services)
	return nil
}

// identifier names the cluster to Kubernetes providers: known before the cluster exists and stable over its life.
func identifier(ctx *pulumi.Context) string { return ctx.Project() + "/" + ctx.Stack() }

// keys are the SSH keys of the nodes, for the layers that reach them, derived when they are first asked for.
func (c *Config) keys() (*cluster.Keys, error) {
	if !c.has("infra") && !c.has("cluster") {
		return &cluster.Keys{}, nil
	}
	if c.derived != nil {
		return c.derived, nil
	}
	var err error
	c.derived, err = cluster.DeriveKeys(c.KeySeed, c.LoginKeys, c.nodeNames())
	return c.derived, err
}

// shownSeed tells a seed apart from others by what is public of it: the first login key, whichever are in use.
func (c *Config) shownSeed() (string, error) {
	keys, err := cluster.DeriveKeys(c.KeySeed, []string{firstLoginKey}, nil)
	if err != nil {
		return "", err
	}
	return "<secret, with the login key " + keys.Logins[0].Public + ">", nil
}

// placeholderKeys are valid keys that nothing is ever deployed with.
func (c *Config) placeholderKeys() *cluster.Keys {
	keys, err := cluster.DeriveKeys(strings.Repeat("placeholder ", 4), []string{firstLoginKey}, c.nodeNames())
	if err != nil {
		return &cluster.Keys{}
	}
	return keys
}

func (c *Config) nodeNames() []string {
	names := make([]string, len(c.Nodes))
	for i, node := range c.Nodes {
		names[i] = node.Name
	}
	return names
}

func (c *Config) controlPlaneIndex() int {
	return slices.IndexFunc(c.Nodes, func(node Node) bool { return node.Role == boundary.ControlPlane })
}
