package workloads

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// createNamespace makes the namespace, and has every later resource wait for it.
func (to *target) createNamespace() error {
	labels := platformLabels()
	// The Pod Security Standard `restricted`: the API server refuses a pod that asks for more.
	// https://kubernetes.io/docs/concepts/security/pod-security-standards/
	for _, mode := range []string{"enforce", "audit", "warn"} {
		labels["pod-security.kubernetes.io/"+mode] = pulumi.String("restricted")
		labels["pod-security.kubernetes.io/"+mode+"-version"] = pulumi.String("latest")
	}
	namespace, err := corev1.NewNamespace(to.ctx, to.child("namespace"), &corev1.NamespaceArgs{
		Metadata: metav1.ObjectMetaArgs{Name: pulumi.String(to.args.Namespace), Labels: labels, Annotations: annotations()},
	}, to.options()...)
	if err != nil {
		return err
	}
	// Metadata holds the namespace as a plain value and not as this output, so that a preview knows it.
	to.opts = to.options(pulumi.DependsOn([]pulumi.Resource{namespace}))
	return nil
}
