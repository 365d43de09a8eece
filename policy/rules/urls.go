package rules

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// builtIn are the Services that every cluster has.
var builtIn = map[endpoint]bool{
	{"kubernetes", "default", 443}:  true,
	{"kube-dns", "kube-system", 53}: true,
}

func urlsResolve(j *judge) {
	j.eachContainerToo(func(w workload, c *corev1.Container, path string) {
		for i, variable := range c.Env {
			value, known := j.environment(w, variable, fmt.Sprintf("%s.env[%d]", path, i))
			if !known {
				continue
			}
			if off := w.template.Spec.EnableServiceLinks; off != nil && !*off && linked.MatchString(value) {
				j.fail(w.Resource, "%s of container %s is %q: without enableServiceLinks nothing takes the variable's place", variable.Name, c.Name, value)
			}
			for _, e := range endpointsIn(variable.Name, value, w.namespace, j.namespaces()) {
				if problem := j.unresolved(e); problem != "" {
					j.fail(w.Resource, "%s of container %s is %q: %s", variable.Name, c.Name, value, problem)
				}
			}
		}
	})
}

// environment is a variable's value, also where it comes from a ConfigMap of the stack.
func (j *judge) environment(w workload, variable corev1.EnvVar, path string) (value string, known bool) {
	from := variable.ValueFrom
	if from == nil {
		return variable.Value, j.known(w.Resource, path+".value")
	}
	if from.ConfigMapKeyRef == nil {
		return "", false // a secret, or a field of a pod that does not exist yet
	}
	for _, m := range j.configMaps() {
		if m.namespace == w.namespace && m.name == from.ConfigMapKeyRef.Name {
			return m.object.Data[from.ConfigMapKeyRef.Key], j.known(m.Resource, "data."+from.ConfigMapKeyRef.Key)
		}
	}
	return "", false
}

// unresolved says why a pod could not connect, or nothing.
func (j *judge) unresolved(e endpoint) string {
	if builtIn[e] {
		return ""
	}
	for _, s := range j.services() {
		if s.name != e.service || s.namespace != e.namespace {
			continue
		}
		if e.port == 0 || !j.there(s.Resource, "spec.ports") || s.object.Spec.Type == corev1.ServiceTypeExternalName {
			return ""
		}
		var ports []int
		for i, port := range s.object.Spec.Ports {
			if !j.known(s.Resource, fmt.Sprintf("spec.ports[%d].port", i)) {
				return ""
			}
			ports = append(ports, int(port.Port))
		}
		if !slices.Contains(ports, e.port) {
			return fmt.Sprintf("Service %s has port %s, not %d", e.service, strings.Trim(fmt.Sprint(ports), "[]"), e.port)
		}
		return ""
	}
	if !slices.Contains(j.namespaces(), e.namespace) || !j.allNamed("Service") {
		return "" // a namespace of somebody else, or a Service that cannot be told by its name yet
	}
	return fmt.Sprintf("namespace %s has no Service %s", e.namespace, e.service)
}
