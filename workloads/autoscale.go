package workloads

import (
	autoscalingv2 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/autoscaling/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Autoscale lets the cluster choose how many pods a tier has, by how busy they are. The zero value leaves that to Replicas.
type Autoscale struct {
	// Min and Max are the fewest and the most pods.
	Min int `json:"min"`
	Max int `json:"max"`
	// CPU is how busy pods are to be on average, in percent of the CPU that each requests.
	CPU int `json:"cpu"`
	// StabilizationWindowSeconds is for how long fewer pods must have done before some go, 0 to 3600.
	StabilizationWindowSeconds int `json:"stabilizationWindowSeconds"`
}

// on tells whether a number is set; the window alone asks for nothing.
func (a Autoscale) on() bool { return a.Min != 0 || a.Max != 0 || a.CPU != 0 }

// pods is how many pods the tier has at the least.
func (a Application) pods() int {
	if a.Autoscale.on() {
		return a.Autoscale.Min
	}
	return a.Replicas
}

// most is how many pods the tier has at the most, but for those of a rollout.
func (a Application) most() int {
	if a.Autoscale.on() {
		return a.Autoscale.Max
	}
	return a.Replicas
}

// replicas is what a tier declares of its number of pods, and the options of its Deployment that go with it.
//
// The number of an autoscaled tier is declared as well, and what is declared is ignored once the Deployment is there. Left out, it
// would fall to Kubernetes' default, one, as soon as autoscale is turned on: the API server takes a field away that its only author
// no longer declares. Ignored, the provider sends the number that is there, or none where the autoscaler has set it meanwhile.
// The description makes turning it off a change, so that the configured number is declared again.
// https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#migrating-deployments-and-statefulsets-to-horizontal-autoscaling
func (t *tier) replicas(notes pulumi.StringMap) (pulumi.Int, []pulumi.ResourceOption) {
	if !t.autoscale.on() {
		return pulumi.Int(t.Replicas), nil
	}
	notes["kubernetes.io/description"] = pulumi.String("The HorizontalPodAutoscaler of this name says how many replicas there are")
	return pulumi.Int(t.autoscale.Min), []pulumi.ResourceOption{pulumi.IgnoreChanges([]string{"spec.replicas"})}
}

// scale makes the tier's autoscaler, where it has one. Without metrics, it leaves the number as it is.
func (to *target) scale(t *tier, deployment pulumi.Resource) error {
	if !t.autoscale.on() {
		return nil
	}
	_, err := autoscalingv2.NewHorizontalPodAutoscaler(to.ctx, to.child(t.name), &autoscalingv2.HorizontalPodAutoscalerArgs{
		Metadata: t.meta(to, t.name),
		Spec: autoscalingv2.HorizontalPodAutoscalerSpecArgs{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReferenceArgs{
				ApiVersion: pulumi.String("apps/v1"), Kind: pulumi.String("Deployment"), Name: pulumi.String(t.name),
			},
			MinReplicas: pulumi.Int(t.autoscale.Min),
			MaxReplicas: pulumi.Int(t.autoscale.Max),
			Metrics: autoscalingv2.MetricSpecArray{autoscalingv2.MetricSpecArgs{
				Type: pulumi.String("Resource"),
				Resource: autoscalingv2.ResourceMetricSourceArgs{
					Name: pulumi.String("cpu"),
					Target: autoscalingv2.MetricTargetArgs{
						Type: pulumi.String("Utilization"), AverageUtilization: pulumi.Int(t.autoscale.CPU),
					},
				},
			}},
			Behavior: autoscalingv2.HorizontalPodAutoscalerBehaviorArgs{
				ScaleDown: autoscalingv2.HPAScalingRulesArgs{StabilizationWindowSeconds: pulumi.Int(t.autoscale.StabilizationWindowSeconds)},
			},
		},
	}, to.options(pulumi.DependsOn([]pulumi.Resource{deployment, to.metrics}))...)
	return err
}
