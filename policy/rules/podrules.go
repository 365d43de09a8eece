package rules

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/policy/model"
)

// Paths in a pod's template.
const (
	containers     = "spec.containers"
	initContainers = "spec.initContainers"
)

// eachContainer calls check for the containers of all pods, with the path of each.
func (j *judge) eachContainer(check func(w workload, c *corev1.Container, path string)) {
	for _, w := range j.workloads() {
		if !j.there(w.Resource, w.In(containers)) {
			continue
		}
		for i := range w.Template.Spec.Containers {
			check(w, &w.Template.Spec.Containers[i], w.In(fmt.Sprintf("%s[%d]", containers, i)))
		}
	}
}

// eachContainerToo is eachContainer with the containers that run before the others.
func (j *judge) eachContainerToo(check func(w workload, c *corev1.Container, path string)) {
	j.eachContainer(check)
	j.eachInitial(check)
}

func (j *judge) eachInitial(check func(w workload, c *corev1.Container, path string)) {
	for _, w := range j.workloads() {
		if !j.there(w.Resource, w.In(initContainers)) {
			continue
		}
		for i := range w.Template.Spec.InitContainers {
			check(w, &w.Template.Spec.InitContainers[i], w.In(fmt.Sprintf("%s[%d]", initContainers, i)))
		}
	}
}

func requestsSet(j *judge) {
	j.eachContainerToo(func(w workload, c *corev1.Container, path string) {
		var missing []string
		for _, kind := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
			if !j.known(w.Resource, path+".resources.requests."+string(kind)) {
				continue
			}
			request, set := c.Resources.Requests[kind]
			// Where only a limit is given, the API server makes it the request.
			if limit, limited := c.Resources.Limits[kind]; !set && limited {
				request, set = limit, true
			}
			if !set || request.Sign() <= 0 {
				missing = append(missing, string(kind))
			}
		}
		if len(missing) > 0 {
			j.fail(w.Resource, "container %s requests no %s", c.Name, strings.Join(missing, " and no "))
		}
	})
}

// probesSet looks at containers that run as long as their pod, sidecars among them. Those of a Job come to an end.
func probesSet(j *judge) {
	check := func(w workload, c *corev1.Container, path string) {
		if w.Ends() {
			return
		}
		var missing []string
		for _, probe := range []struct {
			name string
			set  bool
		}{
			{"readinessProbe", c.ReadinessProbe != nil},
			{"livenessProbe", c.LivenessProbe != nil},
		} {
			if j.known(w.Resource, path+"."+probe.name) && !probe.set {
				missing = append(missing, probe.name)
			}
		}
		if len(missing) > 0 {
			j.fail(w.Resource, "container %s has no %s", c.Name, strings.Join(missing, " and no "))
		}
	}
	j.eachContainer(check)
	j.eachInitial(func(w workload, c *corev1.Container, path string) {
		if j.known(w.Resource, path+".restartPolicy") && model.IsSidecar(c) {
			check(w, c, path)
		}
	})
}

func imageTag(j *judge) {
	j.eachContainerToo(func(w workload, c *corev1.Container, path string) {
		if !j.known(w.Resource, path+".image") {
			return
		}
		_, tag, digest, err := model.ImageParts(c.Image)
		switch {
		case c.Image == "":
			j.fail(w.Resource, "container %s names no image", c.Name)
		case err != nil:
			j.fail(w.Resource, "image %q of container %s is no reference to one: %v", c.Image, c.Name, err)
		case digest != "":
		case tag == "":
			j.fail(w.Resource, "image %q of container %s names no tag, which means latest", c.Image, c.Name)
		case tag == "latest":
			j.fail(w.Resource, "image %q of container %s is whatever was pushed last", c.Image, c.Name)
		}
	})
}

func imageDigest(j *judge) {
	var seen []string
	j.eachContainerToo(func(w workload, c *corev1.Container, path string) {
		if !j.known(w.Resource, path+".image") || c.Image == "" || slices.Contains(seen, c.Image) {
			return
		}
		seen = append(seen, c.Image)
		if _, _, digest, err := model.ImageParts(c.Image); err == nil && digest == "" {
			j.fail(w.Resource, "image %q names no digest, so its content may change under it", c.Image)
		}
	})
}

func readOnlyRoot(j *judge) {
	j.eachContainerToo(func(w workload, c *corev1.Container, path string) {
		if !j.known(w.Resource, path+".securityContext.readOnlyRootFilesystem") {
			return
		}
		context := c.SecurityContext
		if context == nil || context.ReadOnlyRootFilesystem == nil || !*context.ReadOnlyRootFilesystem {
			j.fail(w.Resource, "container %s can write its root file system", c.Name)
		}
	})
}

func noAPIToken(j *judge) {
	for _, w := range j.workloads() {
		if w.Maker != nil {
			continue // the instances of a database ask the API server which of them is the primary
		}
		mounted := w.Template.Spec.AutomountServiceAccountToken
		if j.known(w.Resource, w.In("spec.automountServiceAccountToken")) && (mounted == nil || *mounted) {
			j.fail(w.Resource, "pods of %s are given a token for the API server", w.Label)
		}
	}
}

func envNamesUnique(j *judge) {
	j.eachContainerToo(func(w workload, c *corev1.Container, path string) {
		seen := map[string]bool{}
		for i, variable := range c.Env {
			if !j.known(w.Resource, fmt.Sprintf("%s.env[%d].name", path, i)) {
				continue
			}
			if seen[variable.Name] {
				j.fail(w.Resource, "container %s sets %s twice", c.Name, variable.Name)
			}
			seen[variable.Name] = true
		}
	})
}
