package placement

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	corev1helpers "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"
	daemonutil "k8s.io/kubernetes/pkg/controller/daemon/util"

	"ecommerce-platform/policy/model"
)

// daemons are the pods that a DaemonSet makes: one for each node that it selects and whose taints it tolerates.
func daemons(declared model.Object[appsv1.DaemonSet], nodes []*corev1.Node) []*corev1.Pod {
	var pods []*corev1.Pod
	if declared.Malformed != nil {
		return nil
	}
	for _, node := range nodes {
		pod := &corev1.Pod{ObjectMeta: declared.Value.Spec.Template.ObjectMeta, Spec: *declared.Value.Spec.Template.Spec.DeepCopy()}
		pod.Namespace, pod.Name = declared.Value.Namespace, declared.Value.Name+"-"+node.Name
		controlled(pod, "DaemonSet", declared.Value.Name)
		pod.Spec.Tolerations = append(pod.Spec.Tolerations, corev1.Toleration{
			Key: corev1.TaintNodeUnschedulable, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule,
		})
		if !Admits(pod, node) {
			continue
		}
		pod.Spec.Affinity = daemonutil.ReplaceDaemonSetPodNodeNameNodeAffinity(pod.Spec.Affinity, node.Name)
		pods = append(pods, complete(pod))
	}
	return pods
}

// Admits tells whether the node has what the pod's selector and required affinity ask for, and no taint that keeps it off.
func Admits(pod *corev1.Pod, node *corev1.Node) bool {
	matches, err := nodeaffinity.GetRequiredNodeAffinity(pod).Match(node)
	if err != nil || !matches {
		return false
	}
	_, tainted := corev1helpers.FindMatchingUntoleratedTaint(klog.Background(), node.Spec.Taints, pod.Spec.Tolerations,
		func(taint *corev1.Taint) bool { return taint.Effect != corev1.TaintEffectPreferNoSchedule }, false)
	return !tainted
}
