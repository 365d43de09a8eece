// The e-commerce platform: three layers, infra, cluster and workloads, in one Pulumi program. A stack holds all three or,
// by its layers config, some of them, and reads what lies below from the stack of the layer below.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/cluster"
	"ecommerce-platform/infra"
	"ecommerce-platform/workloads"
)

// Names of the components. They begin the names of what lies below, so changing one replaces everything.
const (
	platformName = "platform"
	shopName     = "shop"
)

func main() { pulumi.Run(program) }

func program(ctx *pulumi.Context) error {
	config, problems := loadConfig(ctx)
	if err := config.check(problems); err != nil {
		return err
	}
	keys, err := config.keys()
	if err != nil {
		return err
	}
	lower, err := config.lower(ctx)
	if err != nil {
		return err
	}
	if err := config.checkImmutable(ctx); err != nil {
		return err
	}

	var controlPlane pulumi.Resource
	if config.has("infra") {
		machines, err := infra.New(ctx, platformName, config.infraArgs(keys))
		if err != nil {
			return err
		}
		lower.instance = func(node string) pulumi.Resource { return machines.Node(node).Instance }
		lower.instanceID = func(node string) pulumi.StringInput { return machines.Node(node).Instance.ID().ToStringOutput() }
		lower.address = func(node string) pulumi.StringOutput { return machines.Node(node).PublicIP }
		controlPlane = lower.instance(config.controlPlane().Name)
	}
	ctx.Export("nodes", config.nodeOutputs(lower))

	if config.has("cluster") {
		kubernetes, err := cluster.New(ctx, platformName, config.clusterArgs(keys, lower))
		if err != nil {
			return err
		}
		lower.kubeconfig = kubernetes.Kubeconfig
		ctx.Export("kubeconfig", kubernetes.Kubeconfig)
		ctx.Export("certificates", kubernetes.Certificates)
		if config.Backup.Destination != "" {
			ctx.Export("backups", kubernetes.Backups)
		}
	}

	if config.has("workloads") {
		args := config.workloadsArgs(lower)
		args.ControlPlane = controlPlane
		shop, err := workloads.New(ctx, shopName, args)
		if err != nil {
			return err
		}
		ctx.Export("frontendUrl", shop.FrontendURL)
		ctx.Export("services", shop.Services)
	}
	return nil
}
