package rules

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"

	"ecommerce-platform/policy/model"
)

// workload is what makes pods.
type workload = model.Workload

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

// workloads are those of the stack whose namespace is known.
func (j *judge) workloads() []workload {
	if j.controllers == nil {
		j.controllers = []workload{}
		for _, w := range j.Workloads {
			if j.known(w.Resource, "metadata.namespace") {
				j.controllers = append(j.controllers, w)
			}
		}
	}
	return j.controllers
}

// allWorkloads tells whether nothing of the stack makes pods that workloads leaves out: such pods may be the ones that are missed.
func (j *judge) allWorkloads() bool {
	for _, r := range j.Opaque {
		j.NotEvaluated(r, "")
	}
	made := len(j.Deployments) + len(j.StatefulSets) + len(j.DaemonSets) + len(j.ReplicaSets) + len(j.Jobs) + len(j.CronJobs) + len(j.Pods)
	return len(j.Opaque) == 0 && len(j.workloads()) == made
}

// evictable are the workloads whose pods a drain moves.
func (j *judge) evictable() []workload {
	var found []workload
	for _, w := range j.workloads() {
		if w.Replaced() {
			found = append(found, w)
		}
	}
	return found
}

func (j *judge) services() []service     { return named(j, j.Services) }
func (j *judge) budgets() []budget       { return named(j, j.Budgets) }
func (j *judge) configMaps() []configMap { return named(j, j.ConfigMaps) }
func (j *judge) volumes() []volume       { return named(j, j.Volumes) }

// named pairs objects with their names, which are empty where Pulumi makes them up. One that is none of its kind is objects-well-formed's to report, and one whose namespace is
// unknown is in none that a rule could look into.
func named[T any](j *judge, objects []model.Object[T]) []object[T] {
	var found []object[T]
	for _, o := range objects {
		if o.Malformed == nil && j.known(o.Resource, "metadata.namespace") {
			name, _ := o.Text("metadata.name")
			found = append(found, object[T]{o.Resource, name, o.Namespace(), o.Value})
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
	malformed(j, j.ReplicaSets)
	malformed(j, j.Jobs)
	malformed(j, j.CronJobs)
	malformed(j, j.Pods)
	malformed(j, j.Services)
	malformed(j, j.Budgets)
	malformed(j, j.ConfigMaps)
	malformed(j, j.Secrets)
	malformed(j, j.Volumes)
	malformed(j, j.Claims)
	malformed(j, j.Classes)
	malformed(j, j.Namespaces)
	malformed(j, j.NetworkPolicies)
	malformed(j, j.LimitRanges)
	malformed(j, j.Quotas)
	malformed(j, j.RuntimeClasses)
	malformed(j, j.PriorityClasses)
	malformed(j, j.Scalers)
}

// knownInEach tells whether a field is known in all containers of a list.
func (j *judge) knownInEach(w workload, list string, fields ...string) bool {
	count := len(w.Template.Spec.Containers)
	if list == initContainers {
		count = len(w.Template.Spec.InitContainers)
	}
	complete := true
	for i := range count {
		for _, field := range fields {
			complete = j.known(w.Resource, w.In(fmt.Sprintf("%s[%d].%s", list, i, field))) && complete
		}
	}
	return complete
}
