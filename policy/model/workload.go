package model

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Workload is an object that makes pods of a template, or a pod that is declared as such.
type Workload struct {
	*Resource
	// Kind is the object's, such as Deployment.
	Kind string
	// Label is what people call the object: its name, or that of its resource where Pulumi makes the name up.
	Label string
	// Namespace is default where the object names none. Ask the Resource whether it is known.
	Namespace string
	// Replicas is how many pods it wants at a time; 1 for a DaemonSet, which has as many as there are nodes for it.
	Replicas int32
	// Selector is nil where the API server makes one, as it does for a Job.
	Selector *metav1.LabelSelector
	Template *corev1.PodTemplateSpec
	// at is where the resource has its template; a pod is one itself.
	at string
}

// In is the path of what the template has at a path, such as spec.containers.
func (w Workload) In(path string) string { return join(w.at, path) }

// Ends tells whether the pods come to an end by themselves.
func (w Workload) Ends() bool {
	return w.Kind == "Job" || w.Kind == "CronJob" || w.Template.Spec.RestartPolicy != "" && w.Template.Spec.RestartPolicy != corev1.RestartPolicyAlways
}

// Replaced tells whether another pod takes the place of one that is evicted, so that a budget can count them. Pods of a DaemonSet stay
// when a node is drained.
func (w Workload) Replaced() bool {
	return w.Kind == "Deployment" || w.Kind == "StatefulSet" || w.Kind == "ReplicaSet" || w.Kind == PostgresKind
}

// Listeners are the containers that run beside each other, with those that are declared as initial ones and go on.
func (w Workload) Listeners() []corev1.Container {
	found := slices.Clone(w.Template.Spec.Containers)
	for _, c := range w.Template.Spec.InitContainers {
		if IsSidecar(&c) {
			found = append(found, c)
		}
	}
	return found
}

// IsSidecar tells whether an initial container goes on when the others have started.
// https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
func IsSidecar(c *corev1.Container) bool {
	return c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

// readWorkloads reads what makes pods. An object that is none of its kind is left out.
func (s *Stack) readWorkloads() {
	for _, d := range s.Deployments {
		addWorkload(s, d, replicas(d.Value.Spec.Replicas), d.Value.Spec.Selector, &d.Value.Spec.Template, "spec.template")
	}
	for _, d := range s.StatefulSets {
		addWorkload(s, d, replicas(d.Value.Spec.Replicas), d.Value.Spec.Selector, &d.Value.Spec.Template, "spec.template")
	}
	for _, d := range s.DaemonSets {
		addWorkload(s, d, 1, d.Value.Spec.Selector, &d.Value.Spec.Template, "spec.template")
	}
	for _, d := range s.ReplicaSets {
		addWorkload(s, d, replicas(d.Value.Spec.Replicas), d.Value.Spec.Selector, &d.Value.Spec.Template, "spec.template")
	}
	for _, d := range s.Jobs {
		addWorkload(s, d, replicas(d.Value.Spec.Parallelism), nil, &d.Value.Spec.Template, "spec.template")
	}
	for _, d := range s.CronJobs {
		addWorkload(s, d, 1, nil, &d.Value.Spec.JobTemplate.Spec.Template, "spec.jobTemplate.spec.template")
	}
	for _, d := range s.Pods {
		addWorkload(s, d, 1, nil, &corev1.PodTemplateSpec{ObjectMeta: d.Value.ObjectMeta, Spec: d.Value.Spec}, "")
	}
}

func addWorkload[T any](s *Stack, o Object[T], count int32, selector *metav1.LabelSelector, template *corev1.PodTemplateSpec, at string) {
	if o.Malformed != nil {
		return
	}
	name, _ := o.Text("metadata.name")
	if name == "" {
		name = o.Name
	}
	s.Workloads = append(s.Workloads, Workload{
		Resource: o.Resource, Kind: Kind(o.Resource), Label: name, Namespace: o.Namespace(),
		Replicas: count, Selector: selector, Template: template, at: at,
	})
}

// replicas is how many pods the API server makes of a number that may be missing.
func replicas(count *int32) int32 {
	if count == nil {
		return 1
	}
	return *count
}

// Namespace is that of a Kubernetes object: default where it names none. It is not known where metadata.namespace is not.
func (r *Resource) Namespace() string {
	if name, _ := r.Text("metadata.namespace"); name != "" {
		return name
	}
	return metav1.NamespaceDefault
}

// packaged are resources that stand for objects which no preview shows.
var packaged = []string{"kubernetes:helm.sh/v3:Release"}

// isOpaque tells whether a resource makes pods that this package does not read, or may make some: a chart that is installed as a whole,
// and kinds of the stack's own with a pod template. A patch is of an object that is not the program's.
func isOpaque(r *Resource) bool {
	kind := Kind(r)
	return slices.Contains(packaged, r.Type) ||
		kind != "" && !isPatch(kind) && !templated[kind] && (r.Has("spec.template.spec.containers") || r.Has("spec.jobTemplate"))
}

// templated are the kinds that become a Workload.
var templated = map[string]bool{
	"Deployment": true, "StatefulSet": true, "DaemonSet": true, "ReplicaSet": true, "Job": true, "CronJob": true, "Pod": true,
}
