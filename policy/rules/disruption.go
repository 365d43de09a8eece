package rules

import (
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// allowedDisruptions is how many of the pods a budget selects may be missing when all of them are healthy, as the
// disruption controller computes it. A budget that says nothing allows none.
func allowedDisruptions(budget *policyv1.PodDisruptionBudgetSpec, pods int) (int, error) {
	if budget.MaxUnavailable != nil {
		return intstr.GetScaledValueFromIntOrPercent(budget.MaxUnavailable, pods, true)
	}
	if budget.MinAvailable != nil {
		available, err := intstr.GetScaledValueFromIntOrPercent(budget.MinAvailable, pods, true)
		return max(0, pods-available), err
	}
	return 0, nil
}
