package tests

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/resource"

	"ecommerce-platform/tests/pulumitest"
	"ecommerce-platform/workloads"
)

const (
	workloadsQuota    = "kubernetes:core/v1:ResourceQuota"
	workloadsDefaults = "kubernetes:core/v1:LimitRange"
)

func TestWorkloadsQuota(t *testing.T) {
	rec := pulumitest.Run(t, workloadsProgram(workloadsArgs()))
	quota, defaults := rec.Get(t, workloadsQuota, "shop-quota"), rec.Get(t, workloadsDefaults, "shop-defaults")
	assert.Equal(t, map[string]any{"requests.cpu": "4500m", "requests.memory": "5248Mi", "pods": "26"}, quota.Input("spec.hard"))
	assert.Equal(t, []any{map[string]any{"type": "Container", "defaultRequest": map[string]any{"cpu": "50m", "memory": "64Mi"}}}, defaults.Input("spec.limits"),
		"no limits, which no tier asked for")
	for _, object := range []*pulumitest.Resource{quota, defaults} {
		assert.Equal(t, "ecommerce", object.Input("metadata.namespace"))
	}
	assert.True(t, quota.DependsOn(defaults), "it refuses pods that request nothing")
	assert.False(t, quota.Has(`metadata.annotations["pulumi.com/skipAwait"]`), "until it is counted, no pod can be made")
	for _, tier := range workloadsTiers {
		assert.True(t, rec.Get(t, workloadsDeployment, "shop-"+tier).DependsOn(quota), "%s rolls once there is room for it", tier)
	}
}

// While every tier rolls, and every old pod still ends, all of it fits.
func TestWorkloadsQuotaHoldsARolloutOfEverything(t *testing.T) {
	args := workloadsArgs()
	args.Backend.Replicas, args.Backend.Requests = 7, workloads.Resources{CPU: "1500m", Memory: "1Gi"}
	rec := pulumitest.Run(t, workloadsProgram(args))
	room := map[string]resource.Quantity{}
	for kind, hard := range rec.Get(t, workloadsQuota, "shop-quota").Input("spec.hard").(map[string]any) {
		room[kind] = resource.MustParse(hard.(string))
	}
	take := func(kind string, quantity resource.Quantity) {
		left := room[kind]
		left.Sub(quantity)
		room[kind] = left
	}
	for _, tier := range workloadsTiers {
		deployment := rec.Get(t, workloadsDeployment, "shop-"+tier)
		replicas, surge := deployment.Input("spec.replicas").(float64), 0.0
		if deployment.Has("spec.strategy.rollingUpdate") {
			surge = deployment.Input("spec.strategy.rollingUpdate.maxSurge").(float64)
		}
		for range int(2*replicas + surge) {
			take("pods", resource.MustParse("1"))
			take("requests.cpu", resource.MustParse(deployment.Input(workloadsContainer+".resources.requests.cpu").(string)))
			take("requests.memory", resource.MustParse(deployment.Input(workloadsContainer+".resources.requests.memory").(string)))
		}
	}
	for kind, want := range map[string]string{"pods": "4", "requests.cpu": "200m", "requests.memory": "256Mi"} {
		left := room[kind]
		assert.Equal(t, want, left.String(), "%s, for four small pods besides", kind)
	}
}

// An autoscaler may make its most pods at any time.
func TestWorkloadsQuotaHoldsTheMostPodsOfAnAutoscaler(t *testing.T) {
	hard := func(args *workloads.Args) any {
		return pulumitest.Run(t, workloadsProgram(args)).Get(t, workloadsQuota, "shop-quota").Input("spec.hard")
	}
	fixed, scaled := workloadsArgs(), workloadsScaled()
	fixed.Backend.Replicas = scaled.Backend.Autoscale.Max
	assert.Equal(t, hard(fixed), hard(scaled))
}

func TestWorkloadsQuotaNone(t *testing.T) {
	args := workloadsArgs()
	args.Quota = "none"
	rec := pulumitest.Run(t, workloadsProgram(args))
	require.Empty(t, rec.All(workloadsQuota, workloadsDefaults))
}
