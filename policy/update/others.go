package update

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecommerce-platform/policy/placement"
)

// daemons gives each node the pods of DaemonSets and the pods without a controller that it is to have. One whose template changed ends
// before the next one comes.
func (r *run) daemons() error {
	wanted := map[string]*corev1.Pod{}
	var pods []*corev1.Pod
	for _, pod := range append(r.DaemonPods(), r.SinglePods()...) {
		wanted[placement.Key(pod)], pods = pod, append(pods, pod)
	}
	outdated := func(pod *corev1.Pod) bool {
		return r.declares(pod) && !same(r.Cluster.Declared(pod), wanted[placement.Key(pod)])
	}
	if err := r.forget(outdated); err != nil {
		return err
	}
	there := map[string]bool{}
	for _, pod := range r.waiting {
		there[placement.Key(pod)] = true
	}
	for _, pod := range r.Cluster.Pods() {
		if !outdated(pod) {
			there[placement.Key(pod)] = true
		} else if err := r.Cluster.Remove(pod); err != nil {
			return err
		}
	}
	for _, pod := range pods {
		// Pulumi makes a pod that a drain has ended again only where it is declared otherwise than before.
		if ended := r.ended[placement.Key(pod)]; !there[placement.Key(pod)] && (ended == nil || !same(ended, pod)) {
			if err := r.schedule(pod); err != nil {
				return err
			}
		}
	}
	return nil
}

// declares tells whether the pod is one that the program, before or now, makes by a DaemonSet or as such.
func (r *run) declares(pod *corev1.Pod) bool {
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil {
		return pod.Annotations[corev1.MirrorPodAnnotationKey] == ""
	}
	if owner.Kind != "DaemonSet" {
		return false
	}
	for _, s := range []*placement.Simulation{r.before, r.Simulation} {
		for _, declared := range s.Stack.DaemonSets {
			if declared.Value.Namespace == pod.Namespace && declared.Value.Name == owner.Name {
				return true
			}
		}
	}
	return false
}

// declaredAs is the URN of a pod that the program still declares as it was, empty where it does not.
func (r *run) declaredAs(pod *corev1.Pod) string {
	for _, wanted := range r.SinglePods() {
		if placement.Key(wanted) != placement.Key(pod) || !same(r.Cluster.Declared(pod), wanted) {
			continue
		}
		for _, declared := range r.Stack.Pods {
			if declared.Value.Name == pod.Name && declared.Value.Namespace == pod.Namespace {
				return declared.URN
			}
		}
	}
	return ""
}

// same tells whether a pod, wherever it is, is as wanted.
func same(pod, wanted *corev1.Pod) bool {
	if wanted == nil {
		return false
	}
	spec := pod.Spec.DeepCopy()
	spec.NodeName = wanted.Spec.NodeName
	return equality.Semantic.DeepEqual(*spec, wanted.Spec)
}

// addons moves the cluster's own pods where another set of nodes asks for it: one ends, then the next one comes.
func (r *run) addons() error {
	for _, pod := range r.Addons() {
		var running []*corev1.Pod
		for _, other := range append(r.Cluster.Pods(), r.waiting...) {
			if placement.Original(other) == placement.Key(pod) {
				running = append(running, other)
			}
		}
		if len(running) > 0 && same(r.Cluster.Declared(running[0]), pod) {
			continue
		}
		for _, other := range running {
			if err := r.end(other); err != nil {
				return err
			}
		}
		if err := r.schedule(pod); err != nil {
			return err
		}
	}
	return r.retry()
}
