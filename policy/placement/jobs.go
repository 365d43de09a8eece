package placement

import (
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecommerce-platform/policy/model"
)

// The kinds whose pods end by themselves.
const (
	jobKind     = "Job"
	cronJobKind = "CronJob"
)

// readJobs reads what ends by itself: Jobs, and a run of each CronJob that is not suspended.
func (s *Simulation) readJobs() {
	for _, d := range s.Stack.Jobs {
		if d.Malformed == nil && s.declared(d.Resource) {
			s.Tiers = append(s.Tiers, job(d.Resource, jobKind, d.Value.ObjectMeta, d.Value.Spec))
		}
	}
	for _, d := range s.Stack.CronJobs {
		if suspended := d.Value.Spec.Suspend; d.Malformed != nil || suspended != nil && *suspended || !s.declared(d.Resource) {
			continue
		}
		s.Runs = append(s.Runs, job(d.Resource, cronJobKind, d.Value.ObjectMeta, d.Value.Spec.JobTemplate.Spec))
	}
}

// job runs as many pods at once as it may. Another template is another Job, for which the first one is deleted. It has no selector by which
// the scheduler would spread its pods.
func job(r *model.Resource, kind string, meta metav1.ObjectMeta, spec batchv1.JobSpec) *Tier {
	pods := int32(1)
	if spec.Parallelism != nil {
		pods = *spec.Parallelism
	}
	if spec.Completions != nil {
		pods = min(pods, *spec.Completions)
	}
	if spec.Suspend != nil && *spec.Suspend {
		pods = 0
	}
	return newTier(r, kind, &appsv1.Deployment{ObjectMeta: *meta.DeepCopy(), Spec: appsv1.DeploymentSpec{
		Replicas: &pods, Template: *spec.Template.DeepCopy(),
		Strategy: appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType},
	}})
}
