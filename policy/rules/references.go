package rules

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/policy/model"
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
		case volume.Projected != nil:
			for _, source := range volume.Projected.Sources {
				if source.ConfigMap != nil {
					add("ConfigMap", source.ConfigMap.Name, "", path, source.ConfigMap.Optional)
				}
				if source.Secret != nil {
					add("Secret", source.Secret.Name, "", path, source.Secret.Optional)
				}
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
		if !j.there(w.Resource, containersPath) || !j.there(w.Resource, podPath+".volumes") {
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

// objectName tells objects apart; referable is what a pod can name, with its keys, or nil where those are not known.
type (
	objectName struct{ kind, namespace, name string }
	referable  struct{ keys map[string]bool }
)

func (j *judge) referable() map[objectName]referable {
	found := map[objectName]referable{}
	for _, m := range j.configMaps() {
		keys := j.keysOf(m.Resource, "data", "binaryData")
		found[objectName{"ConfigMap", m.namespace, m.name}] = referable{keys}
	}
	for _, s := range j.Secrets {
		keys := j.keysOf(s.Resource, "data", "stringData")
		found[objectName{"Secret", inNamespace(s.Value.Namespace), s.Value.Name}] = referable{keys}
	}
	for _, c := range j.Claims {
		found[objectName{"PersistentVolumeClaim", inNamespace(c.Value.Namespace), c.Value.Name}] = referable{}
	}
	return found
}

// keysOf is the keys under some fields, whose values may be unknown, or nil where the keys themselves are.
func (j *judge) keysOf(r *model.Resource, fields ...string) map[string]bool {
	keys := map[string]bool{}
	for _, field := range fields {
		if !j.there(r, field) {
			return nil
		}
		values, _ := r.Map(field)
		for key := range values {
			keys[key] = true
		}
		for _, unknown := range r.UnknownBelow(field) {
			keys[strings.TrimPrefix(unknown, field+".")] = true
		}
	}
	return keys
}

// allNamed tells whether every object of a kind can be told by its name: one that cannot may be the one that a pod means.
func (j *judge) allNamed(kind string) bool {
	switch kind {
	case "ConfigMap":
		return complete(j, j.ConfigMaps)
	case "Secret":
		return complete(j, j.Secrets)
	case "Service":
		return complete(j, j.Services)
	default:
		return complete(j, j.Claims)
	}
}

func complete[T any](j *judge, objects []model.Object[T]) bool {
	all := true
	for _, o := range objects {
		all = j.known(o.Resource, "metadata.name") && j.known(o.Resource, "metadata.namespace") && o.Malformed == nil && all
	}
	return all
}
