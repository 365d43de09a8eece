package workloads

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// serviceAccount is who the tier's pods are to the API server. It has no role and no token: what it were ever given, no other
// tier would have, and no pod of the namespace that names no account.
func (to *target) serviceAccount(t *tier) (*corev1.ServiceAccount, error) {
	return corev1.NewServiceAccount(to.ctx, to.child(t.name), &corev1.ServiceAccountArgs{
		Metadata:                     t.meta(to, t.name),
		AutomountServiceAccountToken: pulumi.Bool(false),
	}, to.options()...)
}
