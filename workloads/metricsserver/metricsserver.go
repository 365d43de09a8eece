// Package metricsserver runs metrics-server, which tells the cluster what nodes and pods use of CPU and memory: for `kubectl top` and
// for HorizontalPodAutoscalers. It keeps the last two minutes and is no monitoring.
// https://github.com/kubernetes-sigs/metrics-server
package metricsserver

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/infra/boundary"
)

// Port is where the pod listens. It is none of a node's own, so that the security groups have a row for it.
const Port = 4443

const (
	name = "metrics-server"
	// namespace is where others look for it.
	namespace = "kube-system"
	portName  = "https"
	// Secret holds the certificate that the cluster layer made for the Service.
	Secret = "metrics-server-serving"
)

// Args say what runs, and where.
type Args struct {
	// Image is metrics-server's, with a tag or a digest.
	Image string
	// Kubeconfig reaches the cluster. Its authority has signed what metrics-server serves.
	Kubeconfig pulumi.StringInput
	// PodCidr is the block that pods get addresses from, "192.168.0.0/16".
	PodCidr string
	// Taints are those of workers. Pods tolerate them all, since it may run on any worker.
	Taints []boundary.Taint
	// Labels and Annotations are those of every object.
	Labels, Annotations pulumi.StringMap
	// Options are those of every object.
	Options []pulumi.ResourceOption
}

// server registers the objects.
type server struct {
	*Args
	ctx    *pulumi.Context
	prefix string
}

// New runs metrics-server and returns what is there once it has metrics and the API server knows where to ask. prefix begins the
// names of resources.
func New(ctx *pulumi.Context, prefix string, args *Args) (pulumi.Resource, error) {
	s := &server{Args: args, ctx: ctx, prefix: prefix + "-" + name}
	account, bindings, err := s.access()
	if err != nil {
		return nil, err
	}
	policy, err := s.isolate()
	if err != nil {
		return nil, err
	}
	deployment, err := s.deploy(append(bindings, account, policy))
	if err != nil {
		return nil, err
	}
	service, err := s.serve()
	if err != nil {
		return nil, err
	}
	return s.register(deployment, service)
}

// child names a resource.
func (s *server) child(part string) string { return s.prefix + "-" + part }

func (s *server) options(waits ...pulumi.Resource) []pulumi.ResourceOption {
	return append(s.Options[:len(s.Options):len(s.Options)], pulumi.DependsOn(waits))
}

// selector selects the pods.
func selector() pulumi.StringMap {
	return pulumi.StringMap{"app.kubernetes.io/name": pulumi.String(name), "app.kubernetes.io/part-of": pulumi.String("ecommerce-platform")}
}
