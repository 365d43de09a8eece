package rules

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

// reference is a pod's mention of an object that must exist in its namespace before the pod can start.
type reference struct {
	kind, name, key string
	path            string
}

// references lists what a pod needs; what is marked optional it does not.
func references(spec *corev1.PodSpec) []reference {
	var found []reference
	add := func(kind, name, key, path string, optional *bool) {
		if optional == nil || !*optional {
			found = append(found, reference{kind, name, key, path})
		}
	}
	for _, list := range []struct {
		path       string
		containers []corev1.Container
	}{{containersPath, spec.Containers}, {initContainersPath, spec.InitContainers}} {
		for i, c := range list.containers {
			for n, variable := range c.Env {
				path := fmt.Sprintf("%s[%d].env[%d].valueFrom", list.path, i, n)
				if from := variable.ValueFrom; from != nil && from.ConfigMapKeyRef != nil {
					add("ConfigMap", from.ConfigMapKeyRef.Name, from.ConfigMapKeyRef.Key, path, from.ConfigMapKeyRef.Optional)
				} else if from != nil && from.SecretKeyRef != nil {
					add("Secret", from.SecretKeyRef.Name, from.SecretKeyRef.Key, path, from.SecretKeyRef.Optional)
				}
			}
			for n, from := range c.EnvFrom {
				path := fmt.Sprintf("%s[%d].envFrom[%d]", list.path, i, n)
				if from.ConfigMapRef != nil {
					add("ConfigMap", from.ConfigMapRef.Name, "", path, from.ConfigMapRef.Optional)
				}
				if from.SecretRef != nil {
					add("Secret", from.SecretRef.Name, "", path, from.SecretRef.Optional)
				}
			}
		}
	}
	for i, volume := range spec.Volumes {
		path := fmt.Sprintf("%s.volumes[%d]", podPath, i)
		switch {
		case volume.ConfigMap != nil:
			add("ConfigMap", volume.ConfigMap.Name, "", path, volume.ConfigMap.Optional)
			for _, item := range volume.ConfigMap.Items {
				add("ConfigMap", volume.ConfigMap.Name, item.Key, path, volume.ConfigMap.Optional)
			}
		case volume.Secret != nil:
			add("Secret", volume.Secret.SecretName, "", path, volume.Secret.Optional)
			for _, item := range volume.Secret.Items {
				add("Secret", volume.Secret.SecretName, item.Key, path, volume.Secret.Optional)
			}
		case volume.PersistentVolumeClaim != nil:
			add("PersistentVolumeClaim", volume.PersistentVolumeClaim.ClaimName, "", path, nil)
		}
	}
	return found
}

// published is made by Kubernetes itself in every namespace.
const published = "kube-root-ca.crt"

func referencesExist(j *judge) {
	objects := j.referable()
	for _, w := range j.workloads() {
		if !j.known(w.Resource, containersPath) || !j.known(w.Resource, podPath+".volumes") {
			continue
		}
		for _, ref := range references(&w.template.Spec) {
			if !j.known(w.Resource, ref.path) || ref.kind == "ConfigMap" && ref.name == published {
				continue
			}
			object, found := objects[objectName{ref.kind, w.namespace, ref.name}]
			switch {
			case !found && j.allNamed(ref.kind):
				j.fail(w.Resource, "pods of %s need %s %q, which namespace %s does not have (%s)",
					w.name, ref.kind, ref.name, w.namespace, ref.path)
			case found && ref.key != "" && object.keys != nil && !object.keys[ref.key]:
				j.fail(w.Resource, "pods of %s need key %q of %s %q, which does not have it (%s)",
					w.name, ref.key, ref.kind, ref.name, ref.path)
			}
		}
	}
}
