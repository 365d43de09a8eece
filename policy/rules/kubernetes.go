package rules

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecommerce-platform/policy/model"
)

// workload is a controller of pods.
type workload struct {
	*model.Resource
	name, namespace string
	replicas        int32
	selector        *metav1.LabelSelector
	template        *corev1.PodTemplateSpec
}

type (
	service   = object[corev1.Service]
	budget    = object[policyv1.PodDisruptionBudget]
	configMap = object[corev1.ConfigMap]
	volume    = object[corev1.PersistentVolume]
)

// object is a Kubernetes object with its name.
type object[T any] struct {
	*model.Resource
	name, namespace string
	object          T
}

// workloads are the Deployments, StatefulSets and DaemonSets of the stack.
func (j *judge) workloads() []workload {
	if j.controllers == nil {
		j.controllers = j.readWorkloads()
	}
	return j.controllers
}

func (j *judge) readWorkloads() []workload {
	found := []workload{}
	for _, d := range named(j, j.Deployments) {
		found = append(found, workload{
			d.Resource, d.name, d.namespace, replicas(d.object.Spec.Replicas), d.object.Spec.Selector, &d.object.Spec.Template,
		})
	}
	for _, s := range named(j, j.StatefulSets) {
		found = append(found, workload{
			s.Resource, s.name, s.namespace, replicas(s.object.Spec.Replicas), s.object.Spec.Selector, &s.object.Spec.Template,
		})
	}
	for _, d := range named(j, j.DaemonSets) {
		found = append(found, workload{d.Resource, d.name, d.namespace, 1, d.object.Spec.Selector, &d.object.Spec.Template})
	}
	return found
}

// evictable are the workloads whose pods a drain evicts: those of a DaemonSet it leaves.
func (j *judge) evictable() []workload {
	var found []workload
	for _, w := range j.workloads() {
		if !strings.HasSuffix(w.Type, ":DaemonSet") {
			found = append(found, w)
		}
	}
	return found
}

func (j *judge) services() []service     { return named(j, j.Services) }
func (j *judge) budgets() []budget       { return named(j, j.Budgets) }
func (j *judge) configMaps() []configMap { return named(j, j.ConfigMaps) }
func (j *judge) volumes() []volume       { return named(j, j.Volumes) }

// namespaces are those that the stack declares.
func (j *judge) namespaces() []string {
	var found []string
	for _, n := range j.Namespaces {
		found = append(found, n.Value.Name)
	}
	return found
}

// named pairs objects with their names. One that is none of its kind is objects-well-formed's to report, and one whose namespace is
// unknown is in none that a rule could look into.
func named[T any](j *judge, objects []model.Object[T]) []object[T] {
	var found []object[T]
	for _, o := range objects {
		if o.Malformed == nil && j.known(o.Resource, "metadata.namespace") {
			name, _ := o.Text("metadata.name")
			namespace, _ := o.Text("metadata.namespace")
			found = append(found, object[T]{o.Resource, name, inNamespace(namespace), o.Value})
		}
	}
	return found
}

// malformed reports objects that are none of their kind.
func malformed[T any](j *judge, objects []model.Object[T]) {
	for _, o := range objects {
		if o.Malformed != nil {
			j.fail(o.Resource, "the API server cannot read it: %v", o.Malformed)
		}
	}
}

func objectsWellFormed(j *judge) {
	malformed(j, j.Deployments)
	malformed(j, j.StatefulSets)
	malformed(j, j.DaemonSets)
	malformed(j, j.Pods)
	malformed(j, j.Services)
	malformed(j, j.Budgets)
	malformed(j, j.ConfigMaps)
	malformed(j, j.Secrets)
	malformed(j, j.Volumes)
	malformed(j, j.Claims)
	malformed(j, j.Classes)
	malformed(j, j.Namespaces)
}

func inNamespace(name string) string {
	if name == "" {
		return metav1.NamespaceDefault
	}
	return name
}

func replicas(count *int32) int32 {
	if count == nil {
		return 1
	}
	return *count
}

// knownInEach tells whether a field is known in all containers of a list.
func (j *judge) knownInEach(w workload, list string, fields ...string) bool {
	containers := len(w.template.Spec.Containers)
	if list == initContainersPath {
		containers = len(w.template.Spec.InitContainers)
	}
	complete := true
	for i := range containers {
		for _, field := range fields {
			complete = j.known(w.Resource, fmt.Sprintf("%s[%d].%s", list, i, field)) && complete
		}
	}
	return complete
}
