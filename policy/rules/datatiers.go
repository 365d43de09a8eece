package rules

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/policy/environment"
	"ecommerce-platform/policy/model"
)

// dataPorts are those of the database and of the caches.
var dataPorts = []int{5432, 6379}

// dataTiersUsed finds pods that are told where the data is and run nginx, which asks nobody.
func dataTiersUsed(j *judge) {
	j.eachContainer(func(w workload, c *corev1.Container, containerPath string) {
		if !j.known(w.Resource, containerPath+".image") || model.ImageName(c.Image) != "nginx" {
			return
		}
		var told []string
		for _, variable := range environment.Variables(j.Stack, j.known, w, c, containerPath) {
			for _, s := range j.services() {
				if s.namespace == w.Namespace && hasDataPort(s) && names(variable.Value, s.name) && !slices.Contains(told, s.name) {
					told = append(told, s.name)
				}
			}
		}
		if len(told) > 0 {
			j.fail(w.Resource, "container %s is told of %s, and %q asks nobody", c.Name, strings.Join(told, " and "), c.Image)
		}
	})
}

func hasDataPort(s service) bool {
	return slices.ContainsFunc(s.object.Spec.Ports, func(p corev1.ServicePort) bool { return slices.Contains(dataPorts, int(p.Port)) })
}

// names tells whether a host, or a URL, is of a Service.
func names(value, service string) bool {
	_, host, isURL := strings.Cut(value, "://")
	if !isURL {
		host = value
	}
	if at := strings.LastIndex(host, "@"); at >= 0 {
		host = host[at+1:]
	}
	end := strings.IndexAny(host, ":/.")
	if end >= 0 {
		host = host[:end]
	}
	return host == service
}
