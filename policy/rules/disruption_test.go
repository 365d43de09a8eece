package rules

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func TestAllowedDisruptions(t *testing.T) {
	number, percent := func(n int) *intstr.IntOrString { v := intstr.FromInt(n); return &v },
		func(text string) *intstr.IntOrString { v := intstr.FromString(text); return &v }
	for name, c := range map[string]struct {
		budget policyv1.PodDisruptionBudgetSpec
		pods   int
		want   int
	}{
		"one may be missing":                     {policyv1.PodDisruptionBudgetSpec{MaxUnavailable: number(1)}, 1, 1},
		"none may be missing":                    {policyv1.PodDisruptionBudgetSpec{MaxUnavailable: number(0)}, 3, 0},
		"a share is rounded up":                  {policyv1.PodDisruptionBudgetSpec{MaxUnavailable: percent("30%")}, 2, 1},
		"all must stay":                          {policyv1.PodDisruptionBudgetSpec{MinAvailable: percent("100%")}, 3, 0},
		"the one there is must stay":             {policyv1.PodDisruptionBudgetSpec{MinAvailable: number(1)}, 1, 0},
		"two of three must stay":                 {policyv1.PodDisruptionBudgetSpec{MinAvailable: number(2)}, 3, 1},
		"more must stay than there are":          {policyv1.PodDisruptionBudgetSpec{MinAvailable: number(5)}, 3, 0},
		"a budget that says nothing allows none": {policyv1.PodDisruptionBudgetSpec{}, 3, 0},
		"half of three is two that must stay":    {policyv1.PodDisruptionBudgetSpec{MinAvailable: percent("50%")}, 3, 1},
	} {
		got, err := allowedDisruptions(&c.budget, c.pods)
		require.NoError(t, err, name)
		assert.Equal(t, c.want, got, name)
	}
	_, err := allowedDisruptions(&policyv1.PodDisruptionBudgetSpec{MaxUnavailable: percent("many")}, 3)
	assert.ErrorContains(t, err, "percentage")
}
