package workloads

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// serviceArgs is what a tier offers to others.
type serviceArgs struct {
	port int
	// nodePort opens the Service on this port of every node; 0 keeps it inside the cluster.
	nodePort int
	// nearest sends a client to a pod on its own node while there is a ready one.
	nearest bool
}

// endpoint is a Service that other tiers and the outputs refer to.
type endpoint struct {
	name    string
	dnsName string
	port    int
	service *corev1.Service
	// secret tells clients how to connect, where they need more than name and port.
	secret *corev1.Secret
}

func (e *endpoint) output() pulumi.Map {
	return pulumi.Map{"dnsName": pulumi.String(e.dnsName), "port": pulumi.Int(e.port)}
}

// serve makes the tier's Service. Its cluster address is Kubernetes' to choose.
func (to *target) serve(t *tier, args serviceArgs) (*endpoint, error) {
	port := corev1.ServicePortArgs{
		Name:       pulumi.String(t.portName),
		Port:       pulumi.Int(args.port),
		TargetPort: pulumi.String(t.portName),
		Protocol:   pulumi.String("TCP"),
	}
	spec := corev1.ServiceSpecArgs{
		Type:     pulumi.String("ClusterIP"),
		Selector: t.selector(),
	}
	if args.nodePort != 0 {
		spec.Type = pulumi.String("NodePort")
		// Every node answers, not only those that run a pod, at the price of the client's address.
		spec.ExternalTrafficPolicy = pulumi.String("Cluster")
		port.NodePort = pulumi.Int(args.nodePort)
	}
	if args.nearest {
		// https://kubernetes.io/docs/concepts/services-networking/service/#traffic-distribution
		spec.TrafficDistribution = pulumi.String("PreferSameNode")
	}
	spec.Ports = corev1.ServicePortArray{port}
	meta := t.meta(to, t.name)
	// The provider waits ten seconds after each change of the endpoints, and with it whoever needs but the name. The
	// Deployment waits for its pods anyway.
	meta.Annotations = unawaited()
	service, err := corev1.NewService(to.ctx, to.child(t.name), &corev1.ServiceArgs{
		Metadata: meta,
		Spec:     spec,
	}, to.options()...)
	if err != nil {
		return nil, err
	}
	return &endpoint{
		name:    t.name,
		dnsName: fmt.Sprintf("%s.%s.svc.cluster.local", t.name, to.args.Namespace),
		port:    args.port,
		service: service,
	}, nil
}
