package workloads

import (
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// budget lets a drain take one pod of the tier at a time.
//
// It counts pods that may be missing and not pods that must stay: with one replica, as postgres has, `minAvailable: 1`
// would block every drain for ever. For the same reason a pod that is broken anyway never holds a drain up.
func (to *target) budget(t *tier) error {
	_, err := policyv1.NewPodDisruptionBudget(to.ctx, to.child(t.name), &policyv1.PodDisruptionBudgetArgs{
		Metadata: t.meta(to, t.name),
		Spec: policyv1.PodDisruptionBudgetSpecArgs{
			MaxUnavailable:             pulumi.Int(1),
			UnhealthyPodEvictionPolicy: pulumi.String("AlwaysAllow"),
			Selector:                   metav1.LabelSelectorArgs{MatchLabels: t.selector()},
		},
	}, to.options()...)
	return err
}
