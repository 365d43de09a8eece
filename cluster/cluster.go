// Package cluster makes a Kubernetes cluster out of machines: kubeadm, Calico with native routing,
// and what the nodes need besides.
package cluster

import (
	"errors"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Type is the component's type token.
const Type = "ecommerce-platform:cluster:Cluster"

// Cluster is a Kubernetes cluster in which every node is ready and every name resolves.
type Cluster struct {
	pulumi.ResourceState

	// Kubeconfig is the administrator's, through the control plane's public address. Secret.
	// What depends on it finds the cluster complete.
	Kubeconfig pulumi.StringOutput
	// Kubeconfigs are those of the roles, by role, for a short time. Secret.
	Kubeconfigs map[string]pulumi.StringOutput
	// Identifier names the cluster for Kubernetes providers.
	Identifier string
	// Certificates lists every certificate of every node: node, name of its file, and when it expires.
	Certificates pulumi.ArrayOutput
	// Turns resolve, by node, when its pods have left a machine that is to be another one, and every node before it is
	// complete. The machine changes then; see takeTurns.
	Turns map[string]pulumi.Output
	// Authorized are the keys of AuthorizedKeys that may log in to every node, told once they may.
	Authorized pulumi.StringArrayOutput
	// Backups lists the newest points of the backups when one was last asked for: what each holds, and since when.
	Backups pulumi.ArrayOutput
}

// New bootstraps the cluster. Each step is a script on a node that can run again at any time.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Cluster, error) {
	if problems := args.Validate(); len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	c := &Cluster{Identifier: args.Identifier}
	if err := ctx.RegisterComponentResource(Type, name, c, opts...); err != nil {
		return nil, err
	}

	control, workers, err := c.prepareAll(ctx, name, args)
	if err != nil {
		return nil, err
	}
	if err := initialize(args, control, workers); err != nil {
		return nil, err
	}
	network, err := installNetwork(args, control)
	if err != nil {
		return nil, err
	}
	definitions, err := installDefinitions(args, control)
	if err != nil {
		return nil, err
	}
	kubeconfig, err := readKubeconfig(control)
	if err != nil {
		return nil, err
	}
	objects, err := c.configure(ctx, name, args, control, kubeconfig.Stdout, network)
	if err != nil {
		return nil, err
	}
	if c.Kubeconfigs, err = makeKubeconfigs(args, control); err != nil {
		return nil, err
	}
	members, err := joinAll(args, control, workers, network)
	if err != nil {
		return nil, err
	}
	patches, err := objects.nodes(members)
	if err != nil {
		return nil, err
	}
	if c.Authorized, err = authorize(args, members); err != nil {
		return nil, err
	}
	if c.Turns, err = takeTurns(args, members); err != nil {
		return nil, err
	}
	if err := useVolumes(members); err != nil {
		return nil, err
	}
	if err := monitor(members); err != nil {
		return nil, err
	}
	if err := sendJournals(args, members); err != nil {
		return nil, err
	}
	metricsServer, err := certifyMetricsServer(args, control)
	if err != nil {
		return nil, err
	}
	complete := slices.Concat(objects.network, patches)
	if definitions != nil {
		complete = append(complete, definitions.Command)
	}
	if metricsServer != nil {
		control.certified = append(control.certified, metricsServer)
		complete = append(complete, metricsServer.Command)
	}
	ready, err := awaitServices(control, network, complete)
	if err != nil {
		return nil, err
	}
	if err := objects.measureNetwork(args, ready.Command); err != nil {
		return nil, err
	}
	if c.Certificates, err = listCertificates(members, ready); err != nil {
		return nil, err
	}
	if c.Backups, err = backUp(args, control, ready); err != nil {
		return nil, err
	}
	updated, err := updateSystems(args, members)
	if err != nil {
		return nil, err
	}

	// The ID, unlike the output, is known while the wait runs again, and so is then the kubeconfig.
	known := []any{kubeconfig.Stdout, ready.ID()}
	if updated != nil {
		known = append(known, updated.ID())
	}
	c.Kubeconfig = pulumi.All(known...).ApplyT(func(values []any) string {
		return values[0].(string)
	}).(pulumi.StringOutput)
	outputs, err := args.describe()
	if err != nil {
		return nil, err
	}
	outputs["kubeconfig"] = c.Kubeconfig
	kubeconfigs := pulumi.StringMap{}
	for role, kubeconfig := range c.Kubeconfigs {
		kubeconfigs[role] = kubeconfig
	}
	outputs["kubeconfigs"] = kubeconfigs
	outputs["kubeconfigTimes"] = kubeconfigTimes(c.Kubeconfigs)
	outputs["certificates"] = c.Certificates
	outputs["backups"] = c.Backups
	outputs["identifier"] = pulumi.String(c.Identifier)
	return c, ctx.RegisterResourceOutputs(c, outputs)
}
