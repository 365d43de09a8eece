package rules

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/third_party/forked/golang/expansion"
)

// builtIn are the Services that every cluster has.
var builtIn = map[endpoint]bool{
	{"kubernetes", "default", 443}:  true,
	{"kube-dns", "kube-system", 53}: true,
}

// urlsResolve says what an address lacks and not what it is: a URL may hold a password.
func urlsResolve(j *judge) {
	j.eachContainerToo(func(w workload, c *corev1.Container, path string) {
		before := map[string]string{}
		for i, variable := range c.Env {
			value, known := j.environment(w, variable, fmt.Sprintf("%s.env[%d]", path, i))
			if !known {
				continue
			}
			value = expanded(value, before)
			before[variable.Name] = value
			if off := w.Template.Spec.EnableServiceLinks; off != nil && !*off && linked.MatchString(value) && len(c.EnvFrom) == 0 {
				j.fail(w.Resource, "%s of container %s has %s in it: without enableServiceLinks nothing takes the variable's place",
					variable.Name, c.Name, linked.FindString(value))
			}
			for _, e := range endpointsIn(variable.Name, value, w.Namespace, j.namespaces()) {
				if aliased(w.Template.Spec.HostAliases, e.service) {
					continue
				}
				if problem := j.unresolved(e); problem != "" {
					j.fail(w.Resource, "%s of container %s leads nowhere: %s", variable.Name, c.Name, problem)
				}
			}
		}
	})
}

// expanded is a value with the variables before it in the place of their names, as the kubelet puts them there. A name that stays is of
// a variable whose value is not known here.
func expanded(value string, before map[string]string) string {
	return expansion.Expand(value, func(name string) string {
		if text, known := before[name]; known {
			return text
		}
		return "$(" + name + ")"
	})
}

// aliased tells whether the pod has an address of its own for a name.
func aliased(aliases []corev1.HostAlias, name string) bool {
	return slices.ContainsFunc(aliases, func(a corev1.HostAlias) bool { return slices.Contains(a.Hostnames, name) })
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
		if m.namespace == w.Namespace && m.name == from.ConfigMapKeyRef.Name {
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
		if e.port == 0 || !j.there(s.Resource, "spec.ports") || s.object.Spec.Type == corev1.ServiceTypeExternalName || headless(s.object) {
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
