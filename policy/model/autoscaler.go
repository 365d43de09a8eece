package model

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
)

// Autoscaler is a HorizontalPodAutoscaler with the Deployment of this stack that it scales.
type Autoscaler struct {
	Object[autoscalingv2.HorizontalPodAutoscaler]
	// Deployment is the URN of what it scales.
	Deployment string
	// Min and Max are the fewest and the most pods.
	Min, Max int
}

// readAutoscalers gives each Deployment that is scaled the fewest pods that it has: what its own declaration says is not looked at any
// more once the autoscaler is at work.
func (s *Stack) readAutoscalers() {
	for _, object := range s.Scalers {
		for _, field := range []string{"spec.minReplicas", "spec.maxReplicas", "spec.scaleTargetRef", "metadata.namespace"} {
			for _, unknown := range object.UnknownBelow(field) {
				s.NotEvaluated(object.Resource, unknown)
			}
		}
		if object.Malformed != nil || len(object.UnknownBelow("spec"))+len(object.UnknownBelow("metadata.namespace")) > 0 {
			continue
		}
		target := object.Value.Spec.ScaleTargetRef
		for i := range s.Deployments {
			d := &s.Deployments[i]
			name, _ := d.Text("metadata.name")
			if d.Malformed != nil || target.Kind != "Deployment" || name == "" || name != target.Name || d.Namespace() != object.Namespace() {
				continue
			}
			fewest := replicas(object.Value.Spec.MinReplicas)
			d.Value.Spec.Replicas = &fewest
			s.Autoscalers = append(s.Autoscalers, Autoscaler{
				Object: object, Deployment: d.URN, Min: int(fewest), Max: int(object.Value.Spec.MaxReplicas),
			})
		}
	}
}
