package rules

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"ecommerce-platform/policy/reach"
)

// selected is the controllers whose pods a Service selects. It is not judged while a label is unknown.
func (j *judge) selected(s service) (found []workload, judged bool) {
	judged = j.known(s.Resource, "spec.selector") && j.allWorkloads()
	for _, w := range j.workloads() {
		if w.Namespace != s.namespace {
			continue
		}
		if !j.known(w.Resource, w.In("metadata.labels")) {
			judged = false
			continue
		}
		if labels.SelectorFromSet(s.object.Spec.Selector).Matches(labels.Set(w.Template.Labels)) {
			found = append(found, w)
		}
	}
	return found, judged
}

// selecting is the Services that have pods: one without a selector is given its endpoints by somebody else, and an
// ExternalName is another name of something.
func (j *judge) selecting() []service {
	var found []service
	for _, s := range j.services() {
		if len(s.object.Spec.Selector) > 0 && s.object.Spec.Type != corev1.ServiceTypeExternalName {
			found = append(found, s)
		}
	}
	return found
}

func serviceSelectsPods(j *judge) {
	for _, s := range j.selecting() {
		// Of a database with one instance the operator makes a Service of its standbys as well, which the program does not ask for.
		if found, judged := j.selected(s); judged && len(found) == 0 && s.Maker == nil {
			j.fail(s.Resource, "Service %s selects %s, and no pod in namespace %s has these labels",
				s.name, labels.FormatLabels(s.object.Spec.Selector), s.namespace)
		}
	}
}

// urlHasPods looks at what leads in from outside.
func urlHasPods(j *judge) {
	for _, s := range j.selecting() {
		if s.object.Spec.Type != corev1.ServiceTypeNodePort && s.object.Spec.Type != corev1.ServiceTypeLoadBalancer {
			continue
		}
		found, judged := j.selected(s)
		var names []string
		pods := 0
		for _, w := range found {
			judged = judged && j.known(w.Resource, "spec.replicas")
			pods += int(w.Replicas)
			names = append(names, w.Label)
		}
		if judged && len(found) > 0 && pods == 0 {
			j.fail(found[0].Resource, "Service %s leads to %s, which wants 0 pods, so its address answers nobody", s.name, strings.Join(names, " and "))
		}
	}
}

func targetPortExists(j *judge) {
	for _, s := range j.selecting() {
		controllers, judged := j.selected(s)
		if !judged || !j.there(s.Resource, "spec.ports") {
			continue
		}
		for i, port := range s.object.Spec.Ports {
			if !j.known(s.Resource, fmt.Sprintf("spec.ports[%d]", i)) || headless(s.object) && port.TargetPort.Type == intstr.Int {
				continue // behind a headless Service nothing turns one number into another
			}
			for _, w := range controllers {
				if j.there(w.Resource, w.In(containers)) && j.knownInEach(w, containers, "ports") && !listens(w.Listeners(), port) {
					j.fail(s.Resource, "Service %s sends to port %s of pods of %s, which have no such %s port",
						s.name, target(port), w.Label, protocol(port.Protocol))
				}
			}
		}
	}
}

// headless tells whether a Service's name is that of its pods, whose ports need no declaration.
func headless(s corev1.Service) bool { return s.Spec.ClusterIP == corev1.ClusterIPNone }

// target is the port of the pod.
func target(port corev1.ServicePort) string {
	if port.TargetPort == (intstr.IntOrString{}) {
		return fmt.Sprint(port.Port)
	}
	return port.TargetPort.String()
}

func protocol(p corev1.Protocol) corev1.Protocol {
	if p == "" {
		return corev1.ProtocolTCP
	}
	return p
}

// listens tells whether containers declare the port. Declaring numbered ports is optional: pods that declare none at all may
// listen anywhere, and then a number is believed.
func listens(containers []corev1.Container, port corev1.ServicePort) bool {
	declared := 0
	for _, c := range containers {
		for _, p := range c.Ports {
			declared++
			if protocol(p.Protocol) == protocol(port.Protocol) &&
				(target(port) == p.Name || target(port) == fmt.Sprint(p.ContainerPort)) {
				return true
			}
		}
	}
	return declared == 0 && (port.TargetPort.Type == intstr.Int)
}

func nodePortUnique(j *judge) {
	type door struct {
		port     int32
		protocol corev1.Protocol
	}
	taken := map[door]string{}
	for _, s := range j.services() {
		if !j.there(s.Resource, "spec.ports") {
			continue
		}
		for i, port := range s.object.Spec.Ports {
			if !j.known(s.Resource, fmt.Sprintf("spec.ports[%d].nodePort", i)) || port.NodePort == 0 {
				continue
			}
			if port.NodePort < reach.FirstNodePort || port.NodePort > reach.LastNodePort {
				j.fail(s.Resource, "NodePort %d of Service %s is outside %d to %d", port.NodePort, s.name, reach.FirstNodePort, reach.LastNodePort)
			}
			at := door{port.NodePort, protocol(port.Protocol)}
			if other, twice := taken[at]; twice {
				j.fail(s.Resource, "NodePort %d of Service %s/%s is taken by Service %s", port.NodePort, s.namespace, s.name, other)
				continue
			}
			taken[at] = s.namespace + "/" + s.name
		}
	}
}

func selectorMatchesTemplate(j *judge) {
	for _, w := range j.workloads() {
		if !w.Replaced() && w.Kind != "DaemonSet" || !j.known(w.Resource, "spec.selector") || !j.known(w.Resource, w.In("metadata.labels")) {
			continue
		}
		selector, err := metav1.LabelSelectorAsSelector(w.Selector)
		if err == nil && !selector.Matches(labels.Set(w.Template.Labels)) {
			j.fail(w.Resource, "%s selects %s, and its pods have the labels %s",
				w.Label, metav1.FormatLabelSelector(w.Selector), labels.FormatLabels(w.Template.Labels))
		}
	}
}
