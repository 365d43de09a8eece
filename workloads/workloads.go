// Package workloads is the shop: four tiers in one namespace of the cluster.
//
// Pods speak to each other over plain ClusterIP Services, without a service mesh; network policies say who may speak to whom. The
// two redis pods are independent caches behind one Service, not a distributed one.
package workloads

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Type is the component's type token. Changing it replaces everything in the component.
const Type = "ecommerce-platform:workloads:Workloads"

// Workloads is the running shop.
type Workloads struct {
	pulumi.ResourceState

	// FrontendURL is where the shop answers: the NodePort on the first node that runs the frontend.
	FrontendURL pulumi.StringOutput
	// Services has {dnsName, port} of each Service by its name.
	Services pulumi.Map
}

// New deploys the four tiers into the cluster that args.Kubeconfig reaches.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Workloads, error) {
	if err := errors.Join(args.Validate()...); err != nil {
		return nil, err
	}
	shop := &Workloads{}
	if err := ctx.RegisterComponentResource(Type, name, shop, opts...); err != nil {
		return nil, err
	}
	to, err := connect(ctx, name, args, shop)
	if err != nil {
		return nil, err
	}
	if err := to.measure(); err != nil {
		return nil, err
	}
	if err := to.createNamespace(); err != nil {
		return nil, err
	}

	if err := to.createLogins(); err != nil {
		return nil, err
	}
	if err := to.isolate(); err != nil {
		return nil, err
	}
	if err := to.limit(); err != nil {
		return nil, err
	}

	redis, err := to.deployRedis()
	if err != nil {
		return nil, err
	}
	postgres, err := to.deployPostgres()
	if err != nil {
		return nil, err
	}
	backend, err := to.deployBackend(postgres, redis)
	if err != nil {
		return nil, err
	}
	frontend, err := to.deployFrontend(backend)
	if err != nil {
		return nil, err
	}
	if err := to.watch(); err != nil {
		return nil, err
	}

	shop.FrontendURL = frontendURL(args)
	shop.Services = pulumi.Map{}
	for _, service := range []*endpoint{frontend, backend, postgres, redis} {
		shop.Services[service.name] = service.output()
	}
	return shop, ctx.RegisterResourceOutputs(shop, pulumi.Map{
		"frontendUrl": shop.FrontendURL,
		"services":    shop.Services,
		"nodes":       args.describeNodes(),
		"podCidr":     pulumi.String(args.PodCidr),
	})
}
