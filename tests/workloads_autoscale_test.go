package tests

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/pulumitest"
	"ecommerce-platform/workloads"
)

const workloadsAutoscaler = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"

// workloadsScaled lets the backend have 2 to 8 pods.
func workloadsScaled() *workloads.Args {
	args := workloadsMeasured()
	args.Backend.Autoscale = workloads.Autoscale{Min: 2, Max: 8, CPU: 60, StabilizationWindowSeconds: 300}
	return args
}

func TestWorkloadsAutoscale(t *testing.T) {
	rec := pulumitest.Run(t, workloadsProgram(workloadsScaled()))
	deployment, scaler := rec.Get(t, workloadsDeployment, "shop-backend"), rec.Get(t, workloadsAutoscaler, "shop-backend")
	assert.Equal(t, map[string]any{
		"scaleTargetRef": map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "name": "backend"},
		"minReplicas":    2.0, "maxReplicas": 8.0,
		"metrics": []any{map[string]any{"type": "Resource", "resource": map[string]any{
			"name": "cpu", "target": map[string]any{"type": "Utilization", "averageUtilization": 60.0},
		}}},
		"behavior": map[string]any{"scaleDown": map[string]any{"stabilizationWindowSeconds": 300.0}},
	}, scaler.Input("spec"))
	assert.Equal(t, deployment.Input("metadata.name"), scaler.Input("metadata.name"))
	assert.True(t, rec.WaitsFor(scaler, deployment))
	assert.True(t, rec.WaitsFor(scaler, rec.Get(t, workloadsAPIService, "shop-metrics-server-api")), "with metrics from its first look")

	t.Run("the number is declared for the first moment, and then the autoscaler's", func(t *testing.T) {
		assert.Equal(t, 2.0, deployment.Input("spec.replicas"))
		assert.Equal(t, []string{"spec.replicas"}, deployment.IgnoreChanges)
	})
	t.Run("what is not scaled stays declared", func(t *testing.T) {
		assert.Equal(t, []string{"shop-backend"}, rec.Names(workloadsAutoscaler))
		for tier, replicas := range map[string]float64{"frontend": 4, "postgres": 1, "redis": 2} {
			other := rec.Get(t, workloadsDeployment, "shop-"+tier)
			assert.Equal(t, replicas, other.Input("spec.replicas"), tier)
			assert.Empty(t, other.IgnoreChanges, tier)
		}
	})
	t.Run("turning it on or off is a change of the Deployment, and of no pod", func(t *testing.T) {
		off := pulumitest.Run(t, workloadsProgram(workloadsMeasured())).Get(t, workloadsDeployment, "shop-backend")
		assert.NotEqual(t, off.Input("metadata"), deployment.Input("metadata"), "or the engine would see none, and leave the number that is there")
		assert.Equal(t, off.Input("spec.template"), deployment.Input("spec.template"))
		assert.Equal(t, 3.0, off.Input("spec.replicas"))
		assert.Empty(t, off.IgnoreChanges)
	})
}

func TestWorkloadsRefuseAutoscale(t *testing.T) {
	for name, c := range map[string]struct {
		breaks func(*workloads.Args)
		want   string
	}{
		"without metrics":       {func(a *workloads.Args) { a.MetricsServer = false }, `metricsServer false: backend.autoscale needs it, set it to true`},
		"without a least":       {func(a *workloads.Args) { a.Backend.Autoscale.Min = 0 }, `backend.autoscale.min 0: must be at least 1`},
		"with less at the most": {func(a *workloads.Args) { a.Backend.Autoscale.Max = 1 }, `backend.autoscale.max 1: less than backend.autoscale.min 2`},
		"without a target": {func(a *workloads.Args) { a.Backend.Autoscale.CPU = 0 },
			`backend.autoscale.cpu 0: must be at least 1, the percent of backend.requests.cpu that its pods are to use`},
		"with a target that no pod reaches": {func(a *workloads.Args) { a.Backend.Limits.CPU, a.Backend.Autoscale.CPU = "300m", 160 },
			`backend.autoscale.cpu 160: with backend.limits.cpu "300m" no pod ever uses as much of backend.requests.cpu "200m"`},
		"with a window too long": {func(a *workloads.Args) { a.Backend.Autoscale.StabilizationWindowSeconds = 3601 },
			`backend.autoscale.stabilizationWindowSeconds 3601: must be between 0 and 3600`},
		"without a node for the fewest": {func(a *workloads.Args) {
			a.Frontend.Replicas, a.Frontend.Autoscale = 0, workloads.Autoscale{Min: 1, Max: 2, CPU: 60}
			a.Nodes[0].Labels = nil
		}, `nodes: no node has label tier=frontend, which frontend needs`},
		"with an image of whatever was pushed last": {func(a *workloads.Args) { a.MetricsServerImage = "registry.example.com/metrics-server:latest" },
			`metricsServerImage "registry.example.com/metrics-server:latest": the tag latest is whatever was pushed last, name a version`},
	} {
		t.Run(name, func(t *testing.T) {
			args := workloadsScaled()
			c.breaks(args)
			problems := args.Validate()
			require.Len(t, problems, 1, "%v", problems)
			assert.EqualError(t, problems[0], c.want)
		})
	}
	t.Run("a target that the limit admits", func(t *testing.T) {
		args := workloadsScaled()
		args.Backend.Limits.CPU, args.Backend.Autoscale.CPU = "300m", 150
		assert.Empty(t, args.Validate())
	})
}

// workloadsMeasured runs metrics-server.
func workloadsMeasured() *workloads.Args {
	args := workloadsArgs()
	args.MetricsServer, args.MetricsServerImage = true, "registry.k8s.io/metrics-server/metrics-server:v1.2.3"
	args.Kubeconfig = pulumi.String("clusters:\n- cluster:\n    certificate-authority-data: Y2E=\nusers:\n- user:\n    client-key-data: a-private-key\n")
	return args
}
