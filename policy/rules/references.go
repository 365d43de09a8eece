package rules

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecommerce-platform/policy/model"
)

// mention is a pod's mention of an object that must exist in its namespace before the pod can start.
type mention struct {
	kind, name, key string
	// path is where the pod's template says so.
	path string
}

// references lists what a pod needs; what is marked optional it does not.
func references(spec *corev1.PodSpec) []mention {
	var found []mention
	add := func(kind, name, key, path string, optional *bool) {
		if optional == nil || !*optional {
			found = append(found, mention{kind, name, key, path})
		}
	}
	for _, list := range []struct {
		path       string
		containers []corev1.Container
	}{{containers, spec.Containers}, {initContainers, spec.InitContainers}} {
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
		path := fmt.Sprintf("spec.volumes[%d]", i)
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
	j.credentialsExist(objects)
	for _, w := range j.workloads() {
		if !j.there(w.Resource, w.In(containers)) || !j.there(w.Resource, w.In("spec.volumes")) {
			continue
		}
		for _, ref := range references(&w.Template.Spec) {
			if !j.known(w.Resource, w.In(ref.path)) || ref.kind == "ConfigMap" && ref.name == published {
				continue
			}
			object, found := objects[objectName{ref.kind, w.Namespace, ref.name}]
			switch {
			// There the cluster's own steps keep objects as well, which no program declares.
			case !found && w.Namespace == metav1.NamespaceSystem:
			case !found && j.allNamed(ref.kind):
				j.fail(w.Resource, "pods of %s need %s %q, which namespace %s does not have (%s)",
					w.Label, ref.kind, ref.name, w.Namespace, w.In(ref.path))
			case found && ref.key != "" && object.keys != nil && !object.keys[ref.key]:
				j.fail(w.Resource, "pods of %s need key %q of %s %q, which does not have it (%s)",
					w.Label, ref.key, ref.kind, ref.name, w.In(ref.path))
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
		found[objectName{"ConfigMap", m.namespace, m.name}] = referable{j.keysOf(m.Resource, "data", "binaryData")}
	}
	for _, s := range named(j, j.Secrets) {
		found[objectName{"Secret", s.namespace, s.name}] = referable{j.keysOf(s.Resource, "data", "stringData")}
	}
	for _, c := range named(j, j.Claims) {
		found[objectName{"PersistentVolumeClaim", c.namespace, c.name}] = referable{}
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

// complete tells whether all objects have a name and a namespace that are known here. Where the program names none, Pulumi makes a
// name up when it creates the object.
func complete[T any](j *judge, objects []model.Object[T]) bool {
	all := settled(j, objects)
	for _, o := range objects {
		all = j.titled(o.Resource) && all
	}
	for _, r := range j.Opaque {
		j.NotEvaluated(r, "")
		all = false
	}
	return all
}

// settled tells whether it is known of all objects in which namespace they are, and what they say.
func settled[T any](j *judge, objects []model.Object[T]) bool {
	all := true
	for _, o := range objects {
		all = j.known(o.Resource, "metadata.namespace") && o.Malformed == nil && all
	}
	return all
}

func (j *judge) titled(r *model.Resource) bool {
	name, known := j.text(r, "metadata.name")
	if known && name == "" {
		j.NotEvaluated(r, "metadata.name")
	}
	return name != ""
}
