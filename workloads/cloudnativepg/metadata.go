package cloudnativepg

import (
	"maps"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/workloads/networkpolicy"
)

// child names a resource: its Pulumi name, not the one in Kubernetes.
func (o *operator) child(part string) string { return o.prefix + "-" + part }

func (o *operator) options(waits ...pulumi.Resource) []pulumi.ResourceOption {
	return append(o.Options[:len(o.Options):len(o.Options)], pulumi.DependsOn(waits))
}

func (o *operator) labels() pulumi.StringMap {
	labels := maps.Clone(o.Labels)
	maps.Copy(labels, Selector())
	labels["app.kubernetes.io/component"] = pulumi.String("operator")
	return labels
}

// meta is the metadata of an object in a namespace, or in none where that is empty.
func (o *operator) meta(object, namespace string) metav1.ObjectMetaArgs {
	meta := metav1.ObjectMetaArgs{Name: pulumi.String(object), Labels: o.labels(), Annotations: o.Annotations}
	if namespace != "" {
		meta.Namespace = pulumi.String(namespace)
	}
	return meta
}

// createNamespace makes the namespace, which keeps the Pod Security Standard restricted, and has every later resource wait for it.
func (o *operator) createNamespace() error {
	meta := o.meta(Namespace, "")
	labels := maps.Clone(o.Labels)
	for _, mode := range []string{"enforce", "audit", "warn"} {
		labels["pod-security.kubernetes.io/"+mode] = pulumi.String("restricted")
		labels["pod-security.kubernetes.io/"+mode+"-version"] = pulumi.String("latest")
	}
	meta.Labels = labels
	namespace, err := corev1.NewNamespace(o.ctx, o.child("namespace"), &corev1.NamespaceArgs{Metadata: meta}, o.options()...)
	if err != nil {
		return err
	}
	args := *o.Args
	args.Options = o.options(namespace)
	o.Args = &args
	return nil
}

// Peers of a flow that are not the operator.
const (
	itself    = "operator"
	apiServer = "API server"
	names     = "names"
	servers   = "servers"
)

// flows is the table of who may speak to whom in the operator's namespace; what it does not name is dropped.
func flows() []networkpolicy.Flow {
	flow := networkpolicy.Row
	return []networkpolicy.Flow{
		flow(itself, apiServer, "TCP", "6443", "What databases are declared and what pods there are"),
		flow(itself, servers, "TCP", StatusPort, "How each server is, and which one is to be the primary"),
		flow(itself, names, "UDP", "53", "Names of servers"),
		flow(itself, names, "TCP", "53", "Names, where the answer is too long for UDP"),
	}
}

// isolate makes the operator's policy, and one that drops everything else.
func (o *operator) isolate() ([]pulumi.Resource, error) {
	policy := &networkpolicy.Policy{Metadata: o.meta(name, Namespace), Annotations: o.Annotations, Pods: Selector()}
	policy.Add(itself, flows(), func(peer string) networkingv1.NetworkPolicyPeerArgs {
		switch peer {
		case apiServer:
			// A policy sees the node's address, which is not known here.
			return networkpolicy.Block("0.0.0.0/0", o.PodCidr)
		case servers:
			return networkpolicy.PodsIn(o.Shop, pulumi.StringMap{"cnpg.io/podRole": pulumi.String("instance")})
		}
		return networkpolicy.DNS()
	})
	made, err := policy.Register(o.ctx, o.child("policy"), o.options()...)
	if err != nil {
		return nil, err
	}
	rest := &networkpolicy.Policy{
		Metadata: o.meta("default-deny", Namespace), Annotations: o.Annotations,
		Description: "Pods that are not the operator reach nobody and nobody reaches them, unless a policy of their own says so",
	}
	_, err = rest.Register(o.ctx, o.child("default-deny"), o.options(made)...)
	return []pulumi.Resource{made}, err
}
