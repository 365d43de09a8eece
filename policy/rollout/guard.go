package rollout

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"ecommerce-platform/policy/placement"
)

// guard is a disruption budget that counts its pods as they come and go, so that no eviction has to look at every pod.
type guard struct {
	name, urn, namespace string
	selector             labels.Selector
	// expected is how many pods the budget's Deployments want, the cluster's own among them, desired how many of them must be ready, healthy how many are.
	expected, desired, healthy int
	// fails says why the disruption controller cannot count the pods: it then allows no eviction. Empty where it can.
	fails string
}

// newGuards reads the budgets of a stack and counts the pods of the cluster as it is now.
func newGuards(s *placement.Simulation, cluster *placement.Cluster) []*guard {
	var guards []*guard
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
		g := &guard{name: budget.Value.Name, urn: budget.URN, namespace: budget.Value.Namespace, selector: selector}
		for _, tier := range s.Tiers {
			if tier.Deployment.Namespace == g.namespace && selector.Matches(labels.Set(tier.Deployment.Spec.Template.Labels)) {
				g.expected += tier.Replicas()
			}
		}
		for _, pod := range s.Addons() {
			if g.covers(pod) {
				g.expected++
			}
		}
		g.desired = required(budget.Value.Spec, g.expected)
		if scales(budget.Value.Spec) {
			g.fails = g.unscaled(s)
		}
		guards = append(guards, g)
	}
	for _, pod := range cluster.Pods() {
		count(guards, pod, 1)
	}
	return guards
}

// scales tells whether the disruption controller asks what makes the pods how many it wants, rather than counting the pods.
// Source: k8s.io/kubernetes, pkg/controller/disruption (getExpectedPodCount, getExpectedScale, finders).
func scales(spec policyv1.PodDisruptionBudgetSpec) bool {
	return spec.MaxUnavailable != nil || spec.MinAvailable != nil && spec.MinAvailable.Type == intstr.String
}

// unscaled says that something the budget covers has no scale to ask for, or that nothing has one.
func (g *guard) unscaled(s *placement.Simulation) string {
	const remedy = "has no scale, so only minAvailable with a number can count its pods"
	for _, tier := range s.Tiers {
		if tier.Kind == "Job" && g.covers(tier.Pod(placement.Running, 1)) {
			return "Job " + tier.Name() + " " + remedy
		}
	}
	for _, pod := range s.DaemonPods() {
		if g.covers(pod) {
			return "DaemonSet " + metav1.GetControllerOfNoCopy(pod).Name + " " + remedy
		}
	}
	if g.expected == 0 {
		return "a pod that nothing makes " + remedy
	}
	return ""
}

// settled copies guards, for one drain to count on.
func settled(guards []*guard) []*guard {
	copies := make([]*guard, len(guards))
	for i, g := range guards {
		kept := *g
		copies[i] = &kept
	}
	return copies
}

func (g *guard) covers(pod *corev1.Pod) bool {
	return g.namespace == pod.Namespace && g.selector.Matches(labels.Set(pod.Labels))
}

// count tells the guards that a pod has come (1) or gone (-1).
func count(guards []*guard, pod *corev1.Pod, change int) {
	for _, g := range guards {
		if g.covers(pod) {
			g.healthy += change
		}
	}
}

// forbids returns the budget that does not let the pod go now, and why.
func forbids(guards []*guard, pod *corev1.Pod) (*guard, string) {
	for _, g := range guards {
		switch {
		case !g.covers(pod):
		case g.fails != "":
			return g, fmt.Sprintf("budget %s allows no eviction: %s", g.name, g.fails)
		case g.healthy-1 < g.desired:
			return g, fmt.Sprintf("budget %s wants %d of %d pods ready, %d are: it allows no eviction",
				g.name, g.desired, g.expected, g.healthy)
		}
	}
	return nil, ""
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
