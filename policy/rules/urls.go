package rules

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/policy/environment"
)

// builtIn are the Services that every cluster has.
var builtIn = map[environment.Endpoint]bool{
	{Service: "kubernetes", Namespace: "default", Port: 443}:  true,
	{Service: "kube-dns", Namespace: "kube-system", Port: 53}: true,
}

// urlsResolve says what an address lacks and not what it is: a URL may hold a password.
func urlsResolve(j *judge) {
	j.eachContainerToo(func(w workload, c *corev1.Container, path string) {
		for _, variable := range environment.Variables(j.Stack, j.known, w, c, path) {
			if off := w.Template.Spec.EnableServiceLinks; off != nil && !*off && environment.Linked.MatchString(variable.Value) && len(c.EnvFrom) == 0 {
				j.fail(w.Resource, "%s of container %s has %s in it: without enableServiceLinks nothing takes the variable's place",
					variable.Name, c.Name, environment.Linked.FindString(variable.Value))
			}
			for _, e := range variable.Endpoints(j.Stack, w) {
				if problem := j.unresolved(e); problem != "" {
					j.fail(w.Resource, "%s of container %s leads nowhere: %s", variable.Name, c.Name, problem)
				}
			}
		}
	})
}

// unresolved says why a pod could not connect, or nothing.
func (j *judge) unresolved(e environment.Endpoint) string {
	if builtIn[e] {
		return ""
	}
	for _, s := range j.services() {
		if s.name != e.Service || s.namespace != e.Namespace {
			continue
		}
		if s.Maker != nil {
			if found, judged := j.selected(s); judged && len(found) == 0 {
				return fmt.Sprintf("Service %s has no instance behind it", e.Service)
			}
		}
		if e.Port == 0 || !j.there(s.Resource, "spec.ports") || s.object.Spec.Type == corev1.ServiceTypeExternalName || headless(s.object) {
			return ""
		}
		var ports []int
		for i, port := range s.object.Spec.Ports {
			if !j.known(s.Resource, fmt.Sprintf("spec.ports[%d].port", i)) {
				return ""
			}
			ports = append(ports, int(port.Port))
		}
		if !slices.Contains(ports, e.Port) {
			return fmt.Sprintf("Service %s has port %s, not %d", e.Service, strings.Trim(fmt.Sprint(ports), "[]"), e.Port)
		}
		return ""
	}
	if !slices.Contains(environment.Namespaces(j.Stack), e.Namespace) || !j.allNamed("Service") {
		return "" // a namespace of somebody else, or a Service that cannot be told by its name yet
	}
	return fmt.Sprintf("namespace %s has no Service %s", e.Namespace, e.Service)
}
