package growth_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/growth"
	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/placement"
)

const (
	deployment = "kubernetes:apps/v1:Deployment"
	requests   = "spec.template.spec.containers[0].resources.requests.cpu"
)

func analyze(t *testing.T, changes ...modeltest.Change) (*placement.Simulation, []growth.Growth) {
	t.Helper()
	s, err := placement.Simulate(t.Context(), modeltest.Dev(t, changes...))
	require.NoError(t, err)
	found, err := growth.Analyze(s)
	require.NoError(t, err)
	return s, found
}

func TestGrowth(t *testing.T) {
	for name, c := range map[string]struct {
		changes []modeltest.Change
		want    growth.Growth
		reason  string
	}{
		"nothing is scaled": {},
		"as far as it may":  {[]modeltest.Change{modeltest.Autoscaled("frontend", 2, 8)}, growth.Growth{Tier: "frontend", Min: 2, Max: 8, Fits: 8}, ""},
		"as far as the node goes": {
			[]modeltest.Change{modeltest.Autoscaled("backend", 2, 8), modeltest.Set(deployment, "shop-backend", requests, "250m")},
			growth.Growth{Tier: "backend", Min: 2, Max: 8, Fits: 3}, "Insufficient cpu",
		},
		"not even the fewest": {
			[]modeltest.Change{modeltest.Autoscaled("backend", 2, 8), modeltest.Set(deployment, "shop-backend", requests, "900m")},
			growth.Growth{Tier: "backend", Min: 2, Max: 8, Fits: 1}, "Insufficient cpu",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, found := analyze(t, c.changes...)
			if c.want.Tier == "" {
				assert.Empty(t, found)
				return
			}
			require.Len(t, found, 1)
			got := found[0]
			assert.NotNil(t, s.Stack.ByURN(got.URN))
			assert.Contains(t, got.Reason, c.reason)
			assert.Equal(t, c.reason == "", got.Reason == "")
			got.URN, got.Reason = "", ""
			assert.Equal(t, c.want, got)
		})
	}
}

func TestTheSimulationTakesTheFewestPods(t *testing.T) {
	s, _ := analyze(t, modeltest.Autoscaled("backend", 2, 4), modeltest.Autoscaled("frontend", 1, 4))
	for _, tier := range s.TierPlacements() {
		if want := map[string]int{"backend": 2, "frontend": 1, "redis": 2}[tier.Tier]; want != 0 {
			assert.Equal(t, want, tier.Replicas, tier.Tier)
		}
	}
	before := len(s.Cluster.Pods())
	_, err := growth.Analyze(s)
	require.NoError(t, err)
	assert.Len(t, s.Cluster.Pods(), before, "what was tried is gone")
}

func TestAnUnknownNumberIsNotEvaluated(t *testing.T) {
	stack := modeltest.Dev(t, modeltest.Autoscaled("backend", 2, 4), modeltest.Unknown(modeltest.AutoscalerType, "shop-backend", "spec.maxReplicas"))
	assert.Empty(t, stack.Autoscalers)
	assert.Contains(t, stack.Unevaluated(), model.Gap{Type: modeltest.AutoscalerType, Name: "shop-backend", Path: "spec.maxReplicas"})
}
