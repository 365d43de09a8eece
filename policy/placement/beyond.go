package placement

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/policy/model"
)

// nameBeyond records what of a pod the simulation leaves out: it is then placed as if that were not there.
func (s *Simulation) nameBeyond(r *model.Resource, path string, pod *corev1.PodSpec) {
	note := func(field string) { s.Stack.NotEvaluated(r, path+"."+field) }
	if pod.PriorityClassName != "" && !s.Admission.HasPriorityClass(pod.PriorityClassName) {
		note("priorityClassName")
	}
	if pod.RuntimeClassName != nil && !s.Admission.HasRuntimeClass(*pod.RuntimeClassName) {
		note("runtimeClassName")
	}
	if pod.SchedulerName != "" && pod.SchedulerName != corev1.DefaultSchedulerName {
		note("schedulerName")
	}
	if len(pod.SchedulingGates) > 0 {
		note("schedulingGates")
	}
	if len(pod.ResourceClaims) > 0 {
		note("resourceClaims")
	}
	for i, volume := range pod.Volumes {
		if volume.Ephemeral != nil {
			note(fmt.Sprintf("volumes[%d].ephemeral", i))
		}
	}
}

// beyond goes through the stack.
func (s *Simulation) beyond() {
	for _, tier := range s.Tiers {
		s.nameBeyond(tier.Resource, "spec.template.spec", &tier.Deployment.Spec.Template.Spec)
	}
	for _, run := range s.Runs {
		s.nameBeyond(run.Resource, "spec.jobTemplate.spec.template.spec", &run.Deployment.Spec.Template.Spec)
	}
	for _, d := range s.Stack.DaemonSets {
		s.nameBeyond(d.Resource, "spec.template.spec", &d.Value.Spec.Template.Spec)
	}
	for _, p := range s.Stack.Pods {
		s.nameBeyond(p.Resource, "spec", &p.Value.Spec)
	}
}
