package placement

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Budget is a disruption budget that counts its pods as they come and go, so that no eviction has to look at every pod.
type Budget struct {
	Name, URN string
	namespace string
	declared  *metav1.LabelSelector
	selector  labels.Selector
	// Expected is how many pods the budget's Deployments want, the cluster's own among them, Desired how many of them must be ready, healthy how many are.
	Expected, Desired, healthy int
	// Fails says why the disruption controller cannot count the pods: it then allows no eviction. Empty where it can.
	Fails string
	// Remedy is what to do where it allows no eviction at all.
	Remedy string
}

// Budgets are those of the stack, with the pods of a cluster as it is now.
func (s *Simulation) Budgets(cluster *Cluster) []*Budget {
	var budgets []*Budget
	for _, budget := range s.Stack.Budgets {
		if unknown := budget.UnknownBelow("spec"); budget.Malformed != nil || len(unknown) > 0 {
			for _, path := range unknown {
				s.Stack.NotEvaluated(budget.Resource, path)
			}
			continue
		}
		selector, err := metav1.LabelSelectorAsSelector(budget.Value.Spec.Selector)
		if err != nil {
			continue // matches no pod
		}
		b := &Budget{
			Name: budget.Value.Name, URN: budget.URN, namespace: budget.Value.Namespace, declared: budget.Value.Spec.Selector, selector: selector,
			Remedy: "use maxUnavailable 1",
		}
		if budget.Maker != nil {
			b.Remedy = "set instances: 2 or more, or enablePDB: false"
		}
		for _, tier := range s.Tiers {
			if tier.Deployment.Namespace == b.namespace && selector.Matches(labels.Set(tier.Deployment.Spec.Template.Labels)) {
				b.Expected += tier.Replicas()
			}
		}
		for _, pod := range s.Addons() {
			if b.covers(pod) {
				b.Expected++
			}
		}
		b.Desired = required(budget.Value.Spec, b.Expected)
		if scales(budget.Value.Spec) {
			b.Fails = b.unscaled(s)
		}
		budgets = append(budgets, b)
	}
	for _, pod := range cluster.Pods() {
		Count(budgets, pod, 1)
	}
	return budgets
}

// scales tells whether the disruption controller asks what makes the pods how many it wants, rather than counting the pods.
// Source: k8s.io/kubernetes, pkg/controller/disruption (getExpectedPodCount, getExpectedScale, finders).
func scales(spec policyv1.PodDisruptionBudgetSpec) bool {
	return spec.MaxUnavailable != nil || spec.MinAvailable != nil && spec.MinAvailable.Type == intstr.String
}

// unscaled says that something the budget covers has no scale to ask for, or that nothing has one.
func (b *Budget) unscaled(s *Simulation) string {
	const remedy = "has no scale, so only minAvailable with a number can count its pods"
	for _, tier := range s.Tiers {
		if tier.Kind == jobKind && b.covers(tier.Pod(Running, 1)) {
			return "Job " + tier.Name() + " " + remedy
		}
	}
	for _, pod := range s.DaemonPods() {
		if b.covers(pod) {
			return "DaemonSet " + metav1.GetControllerOfNoCopy(pod).Name + " " + remedy
		}
	}
	if b.Expected == 0 {
		return "a pod that nothing makes " + remedy
	}
	return ""
}

// Copies are budgets for one drain to count on.
func Copies(budgets []*Budget) []*Budget {
	copies := make([]*Budget, len(budgets))
	for i, b := range budgets {
		kept := *b
		copies[i] = &kept
	}
	return copies
}

func (b *Budget) covers(pod *corev1.Pod) bool {
	return b.namespace == pod.Namespace && b.selector.Matches(labels.Set(pod.Labels))
}

// Count tells the budgets that a pod has come (1) or gone (-1).
func Count(budgets []*Budget, pod *corev1.Pod, change int) {
	for _, b := range budgets {
		if b.covers(pod) {
			b.healthy += change
		}
	}
}

// Forbids returns the budget that does not let the pod go now, and why.
func Forbids(budgets []*Budget, pod *corev1.Pod) (*Budget, string) {
	for _, b := range budgets {
		switch {
		case !b.covers(pod):
		case b.Fails != "":
			return b, fmt.Sprintf("budget %s allows no eviction: %s", b.Name, b.Fails)
		case b.healthy-1 < b.Desired:
			return b, fmt.Sprintf("budget %s wants %d of %d pods ready, %d are: it allows no eviction",
				b.Name, b.Desired, b.Expected, b.healthy)
		}
	}
	return nil, ""
}

// allowances are the budgets as the scheduler reads them before it preempts a pod.
func allowances(budgets []*Budget) []*policyv1.PodDisruptionBudget {
	list := make([]*policyv1.PodDisruptionBudget, len(budgets))
	for i, b := range budgets {
		list[i] = &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Name: b.Name, Namespace: b.namespace}}
		list[i].Spec.Selector = b.declared
		if b.Fails == "" {
			list[i].Status.DisruptionsAllowed = int32(max(0, b.healthy-b.Desired))
		}
	}
	return list
}

// required is how many pods must be ready, as the disruption controller computes it: both fields round up.
// Source: k8s.io/kubernetes, pkg/controller/disruption (getExpectedPodCount).
func required(spec policyv1.PodDisruptionBudgetSpec, expected int) int {
	switch {
	case spec.MaxUnavailable != nil:
		return max(0, expected-scaled(spec.MaxUnavailable, expected, true))
	case spec.MinAvailable != nil:
		return scaled(spec.MinAvailable, expected, true)
	default:
		return 0
	}
}

// scaled is a number, or a percentage of another one.
func scaled(value *intstr.IntOrString, of int, up bool) int {
	if value == nil {
		return 0
	}
	number, err := intstr.GetScaledValueFromIntOrPercent(value, of, up)
	if err != nil {
		return 0
	}
	return number
}
