package workloads

import (
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// budget lets a drain take one pod of the tier at a time, where another node can take the pod's place. A tier that has
// one node only cannot be kept up while that node is drained: a budget would just block the drain for ever, so it
// admits all.
//
// It counts pods that may be missing and not pods that must stay: with one replica, as postgres has, `minAvailable: 1`
// would block every drain for ever. For the same reason a pod that is broken anyway never holds a drain up.
func (to *target) budget(t *tier) error {
	unavailable := pulumi.Input(pulumi.Int(1))
	if placementOf(t.name).count(to.args.Nodes) < 2 {
		unavailable = pulumi.String("100%")
	}
	_, err := policyv1.NewPodDisruptionBudget(to.ctx, to.child(t.name), &policyv1.PodDisruptionBudgetArgs{
		Metadata: t.meta(to, t.name),
		Spec: policyv1.PodDisruptionBudgetSpecArgs{
			MaxUnavailable:             unavailable,
			UnhealthyPodEvictionPolicy: pulumi.String("AlwaysAllow"),
			Selector:                   metav1.LabelSelectorArgs{MatchLabels: t.selector()},
		},
	}, to.options()...)
	return err
}
