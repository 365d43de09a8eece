package trial

import (
	"context"
	"fmt"
	"maps"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// FirstWithCronJobs is the seed of the first scenario that has CronJobs and tries a run of one afterwards. Those before are as they were
// made without any.
const FirstWithCronJobs = 1001

// never is a time that no scenario meets: runs begin when the scenario says so.
const never = "0 3 29 2 *"

// schedule gives a stack CronJobs. They are tiers whose pods come in a run alone.
func (g generator) schedule(s *stack) {
	for range 1 + g.IntN(2) {
		s.cronJobs = append(s.cronJobs, g.cronJob(s))
	}
}

func (g generator) cronJob(s *stack) *tier {
	name := fmt.Sprintf("cron-%d", s.next(func(i int) bool { return s.cronJob(fmt.Sprintf("cron-%d", i)) != nil }))
	t := &tier{kind: cronJobKind, name: name, replicas: int32(1 + g.IntN(4)), template: g.template(name)}
	t.completions = t.replicas
	switch {
	case g.often(20):
		t.completions = int32(1 + g.IntN(int(t.replicas)))
	case g.often(20):
		t.completions += 2
	}
	if s.limits != nil && g.often(30) {
		clear(t.template.Spec.Containers[0].Resources.Requests)
	}
	if s.overhead != nil && g.often(40) {
		runtime := g.name + runtimeSuffix
		t.template.Spec.RuntimeClassName = &runtime
	}
	if s.priorities && g.often(60) {
		t.template.Spec.PriorityClassName = g.name + one(g, []string{lowSuffix, highSuffix})
	}
	return t
}

// changeSchedule makes one difference, and says in words which; nothing where it makes none.
func (g generator) changeSchedule(s *stack) string {
	t := one(g, s.cronJobs)
	switch draw := g.IntN(100); {
	case draw < 50:
		return ""
	case draw < 70:
		t.template.Spec.Containers[0].Resources.Requests[corev1.ResourceCPU] = resource.MustParse(one(g, cpus))
		return t.name + " asks for another share of a CPU"
	case draw < 85:
		t.replicas = int32(1 + g.IntN(4))
		t.completions = t.replicas
		return fmt.Sprintf("%s runs %d pods at once", t.name, t.replicas)
	default:
		comes := g.cronJob(s)
		s.cronJobs = append(s.cronJobs, comes)
		return comes.name + " comes"
	}
}

// probeRun is a run of a CronJob, on the cluster as it is or while a node is drained.
func (g generator) probeRun(s *stack) Probe {
	p := Probe{CronJob: one(g, s.cronJobs).name}
	if g.often(40) {
		p.Node = s.nodes[one(g, s.workers())].name
	}
	return p
}

// cronJob returns the CronJob of that name, or nil.
func (s *stack) cronJob(name string) *tier {
	for _, t := range s.cronJobs {
		if t.name == name {
			return t
		}
	}
	return nil
}

// cronJobKind is the kind of a tier that is a CronJob.
const cronJobKind = "CronJob"

// cronJobOf is the object that a tier of that kind is.
func (t *tier) cronJobOf(meta metav1.ObjectMeta) *batchv1.CronJob {
	template := *t.template.DeepCopy()
	template.Spec.RestartPolicy = corev1.RestartPolicyNever
	return &batchv1.CronJob{ObjectMeta: meta, Spec: batchv1.CronJobSpec{
		Schedule: never, JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{
			Parallelism: &t.replicas, Completions: &t.completions, Template: template,
		}},
	}}
}

// start begins a run as `kubectl create job --from` does: with the Job that the CronJob's controller makes at its time, of which the API
// server and the Job's controller make pods.
// Source: k8s.io/kubectl, pkg/cmd/create/create_job.go (createJobFromCronJob).
func (t *trial) start(ctx context.Context, name string) (job string, err error) {
	of, err := t.client.BatchV1().CronJobs(t.scenario.name).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	annotations, yes := map[string]string{"cronjob.kubernetes.io/instantiate": "manual"}, true
	maps.Copy(annotations, of.Spec.JobTemplate.Annotations)
	object := plain("Job", &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: of.Namespace, Labels: of.Spec.JobTemplate.Labels, Annotations: annotations,
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: batchv1.SchemeGroupVersion.String(), Kind: cronJobKind, Name: of.Name, UID: of.UID, Controller: &yes,
			}},
		},
		Spec: of.Spec.JobTemplate.Spec,
	})
	return key(object), t.apply(ctx, object)
}

// probeRun does a run of a CronJob, and returns what is in the way. While a node is drained that is what the run itself lacks; otherwise the
// others have to be as wanted as well, since the run may take their places.
func (t *trial) probeRun(ctx context.Context) ([]string, error) {
	p := t.scenario.Probe
	if p.Node != "" {
		if _, err := t.drain(ctx, p.Node); err != nil {
			return nil, err
		}
		if _, err := t.settle(ctx, t.missing); err != nil {
			return nil, err
		}
	}
	job, err := t.start(ctx, p.CronJob)
	if err != nil {
		return nil, err
	}
	if p.Node == "" {
		return t.settle(ctx, t.missing)
	}
	return t.settle(ctx, func() []string { return t.missingOf([]string{job}) })
}
