// The e-commerce platform: three layers, infra, cluster and workloads, in one Pulumi program. A stack holds all three or,
// by its layers config, some of them, and reads what lies below from the stack of the layer below.
package main

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Names of the components. They begin the names of what lies below, so changing one replaces everything.
const (
	platformName = "platform"
	shopName     = "shop"
)

func main() { pulumi.Run(program) }

func program(ctx *pulumi.Context) (err error) {
	config, problems := loadConfig(ctx)
	if err := config.check(problems); err != nil {
		return err
	}
	keys, err := config.keys()
	if err != nil {
		return err
	}
	below, err := config.below(ctx)
	if err != nil {
		return err
	}
	if err := config.agree(ctx, below); err != nil {
		return err
	}
	if err := config.checkImmutable(ctx); err != nil {
		return err
	}

	last, err := config.lastOutputs(ctx)
	if err != nil {
		return err
	}
	if err := config.checkLoginKeys(last); err != nil {
		return err
	}
	turns, err := config.turns(ctx, last)
	if err != nil {
		return err
	}
	defer func() { turns.end(err) }()

	machines, err := deployInfra(ctx, config, keys, below, turns)
	if err != nil {
		return err
	}
	ctx.Export("nodes", config.nodeOutputs(machines))
	kubeconfig, err := deployCluster(ctx, config, keys, machines, below, turns)
	if err != nil {
		return err
	}
	return deployWorkloads(ctx, config, machines, kubeconfig)
}
