package model

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// StaticPod is a pod that a kubelet runs from a file, as the cluster component publishes it.
type StaticPod struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace"`
	Requests  map[string]string `json:"requests"`
	HostPort  int32             `json:"hostPort"`
}

// resources are the requests as quantities. What cannot be read is left out.
func (p StaticPod) resources() corev1.ResourceList {
	list := corev1.ResourceList{}
	for name, amount := range p.Requests {
		if quantity, err := resource.ParseQuantity(amount); err == nil {
			list[corev1.ResourceName(name)] = quantity
		}
	}
	return list
}

// Pod returns the static pod as the API server shows it, on the node.
func (p StaticPod) Pod(node string) *corev1.Pod {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: p.Name + "-" + node, Namespace: p.Namespace},
		Spec: corev1.PodSpec{
			NodeName: node, HostNetwork: true, PriorityClassName: "system-node-critical",
			Containers: []corev1.Container{{Name: p.Name, Resources: corev1.ResourceRequirements{Requests: p.resources()}}},
		},
	}
	if p.HostPort != 0 {
		pod.Spec.Containers[0].Ports = []corev1.ContainerPort{{HostPort: p.HostPort, ContainerPort: p.HostPort}}
	}
	return pod
}
