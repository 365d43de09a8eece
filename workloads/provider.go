package workloads

import (
	"time"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/workloads/rollout"
)

// target is the cluster that resources go to, and the options every one of them takes.
type target struct {
	ctx  *pulumi.Context
	name string
	args *Args
	opts []pulumi.ResourceOption
	// rolledOut are the hooks of Deployments.
	rolledOut *pulumi.ResourceHookBinding
	// bounds are what pods are subject to from their start.
	bounds []pulumi.Resource
	// metrics is there once there are metrics of pods; nil where there are none.
	metrics pulumi.Resource
}

// connect makes the provider for the cluster.
func connect(ctx *pulumi.Context, name string, args *Args, parent pulumi.Resource) (*target, error) {
	provider, err := kubernetes.NewProvider(ctx, name+"-kubernetes", &kubernetes.ProviderArgs{
		Kubeconfig:        pulumi.ToSecret(args.Kubeconfig).(pulumi.StringOutput),
		ClusterIdentifier: pulumi.String(args.Identifier),
		// Otherwise a refresh takes everything out of the state whenever the API server is away. Said, not left out, so that
		// PULUMI_K8S_DELETE_UNREACHABLE, which the provider's error recommends, is without effect.
		DeleteUnreachable: pulumi.Bool(false),
		// A changed Secret is updated in place. Otherwise it is deleted first, and a pod that starts then fails.
		EnableSecretMutable: pulumi.Bool(true),
	}, pulumi.Parent(parent))
	if err != nil {
		return nil, err
	}
	rolledOut, err := rollout.Hooks(ctx, name+"-rolled-out", args.Kubeconfig, rolloutTimeout)
	if err != nil {
		return nil, err
	}
	to := &target{ctx: ctx, name: name, args: args, rolledOut: rolledOut, opts: []pulumi.ResourceOption{
		pulumi.Parent(parent), pulumi.Provider(provider),
	}}
	if args.ControlPlane != nil {
		to.opts = append(to.opts, pulumi.DeletedWith(args.ControlPlane))
	}
	return to, nil
}

// child names a resource of the component: its Pulumi name, not the one in Kubernetes.
func (to *target) child(name string) string { return to.name + "-" + name }

// options are those of every resource, and more.
func (to *target) options(more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append(to.opts[:len(to.opts):len(to.opts)], more...)
}

// rolloutTimeout is how long Pulumi waits for pods. Images are pulled in it, and the slowest startup probe ends in it.
const rolloutTimeout = 15 * time.Minute

func awaited(more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append(more, pulumi.Timeouts(&pulumi.CustomTimeouts{Create: rolloutTimeout.String(), Update: rolloutTimeout.String()}))
}
