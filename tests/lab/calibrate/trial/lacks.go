package trial

import (
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// missing is what keeps the cluster from being as wanted, a sentence each.
func (t *trial) missing() []string { return t.missingOf(slices.Sorted(maps.Keys(t.wanted))) }

func (t *trial) missingOf(keys []string) []string {
	var lacks []string
	for _, key := range keys {
		if lack := t.lacks(t.wanted[key]); lack != "" {
			lacks = append(lacks, fmt.Sprintf("%s: %s", key, lack))
		}
	}
	return lacks
}

// unseen is said of what the API server has taken, and its controllers have not looked at yet.
const unseen = "nothing has looked at it"

// uncounted ends what is said of an object whose controller is behind: a pod is ready, and it has not counted that one.
const uncounted = "its controller has not counted each ready pod"

// lacks says what an object lacks, nothing if it is as wanted.
func (t *trial) lacks(w wanted) string {
	namespace, name := w.GetNamespace(), w.GetName()
	if w.refused != "" {
		return w.refused
	}
	switch w.GetKind() {
	case "Deployment":
		d, err := t.seen.Apps().V1().Deployments().Lister().Deployments(namespace).Get(name)
		if err != nil || d.Status.ObservedGeneration < w.generation {
			return unseen
		}
		s := d.Status
		return t.rolled(d, *d.Spec.Replicas, s.Replicas, s.UpdatedReplicas, s.AvailableReplicas)
	case "StatefulSet":
		d, err := t.seen.Apps().V1().StatefulSets().Lister().StatefulSets(namespace).Get(name)
		if err != nil || d.Status.ObservedGeneration < w.generation {
			return unseen
		}
		updated := d.Status.UpdatedReplicas
		if d.Status.CurrentRevision == d.Status.UpdateRevision {
			updated = d.Status.Replicas // what the API server says once a rollout is over
		}
		return t.rolled(d, *d.Spec.Replicas, d.Status.Replicas, updated, d.Status.AvailableReplicas)
	case "ReplicaSet":
		d, err := t.seen.Apps().V1().ReplicaSets().Lister().ReplicaSets(namespace).Get(name)
		if err != nil || d.Status.ObservedGeneration < w.generation {
			return unseen
		}
		return t.rolled(d, *d.Spec.Replicas, d.Status.Replicas, d.Status.Replicas, d.Status.AvailableReplicas)
	case "DaemonSet":
		d, err := t.seen.Apps().V1().DaemonSets().Lister().DaemonSets(namespace).Get(name)
		if err != nil || d.Status.ObservedGeneration < w.generation {
			return unseen
		}
		s := d.Status
		return t.rolled(d, s.DesiredNumberScheduled, s.CurrentNumberScheduled, s.UpdatedNumberScheduled, s.NumberAvailable)
	case "Job":
		d, err := t.seen.Batch().V1().Jobs().Lister().Jobs(namespace).Get(name)
		if err != nil || d.Status.Ready == nil {
			return unseen
		}
		want := *d.Spec.Parallelism
		if d.Spec.Completions != nil {
			want = min(want, *d.Spec.Completions)
		}
		return t.rolled(d, want, d.Status.Active, d.Status.Active, *d.Status.Ready)
	case "Pod":
		pod, err := t.seen.Core().V1().Pods().Lister().Pods(namespace).Get(name)
		switch {
		case err != nil:
			return "it is gone"
		case pod.DeletionTimestamp != nil:
			return "it ends"
		case !isReady(pod):
			return "it is not ready: " + refusal(pod)
		}
	}
	return ""
}

// rolled says what the numbers of pods of an object tell, and why one that is pending is.
func (t *trial) rolled(owner metav1.Object, want, there, updated, available int32) string {
	if there == want && updated == want && available == want {
		return ""
	}
	text := fmt.Sprintf("of %d pods %d are there, %d of the template, %d ready", want, there, updated, available)
	if int(available) < t.readyOf(owner.GetName()) {
		return text + ": " + uncounted
	}
	pods, _ := t.seen.Core().V1().Pods().Lister().Pods(owner.GetNamespace()).List(labels.Everything())
	for _, pod := range pods {
		if pod.Labels[tierLabel] == owner.GetName() {
			if why := refusal(pod); why != "" {
				return text + ": " + why
			}
		}
	}
	if why := t.unmade(owner); why != "" {
		return text + ": " + why
	}
	return text
}

// unmade is why the API server makes no pod for a ReplicaSet of the owner, or for the owner itself.
func (t *trial) unmade(owner metav1.Object) string {
	sets, _ := t.seen.Apps().V1().ReplicaSets().Lister().ReplicaSets(owner.GetNamespace()).List(labels.Everything())
	for _, set := range sets {
		if set.UID != owner.GetUID() && !metav1.IsControlledBy(set, owner) {
			continue
		}
		for _, condition := range set.Status.Conditions {
			if condition.Type == appsv1.ReplicaSetReplicaFailure && condition.Status == corev1.ConditionTrue {
				return condition.Message
			}
		}
	}
	return ""
}

// refusal is why the scheduler has no node for a pod.
func refusal(pod *corev1.Pod) string {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			return condition.Message
		}
	}
	return ""
}
