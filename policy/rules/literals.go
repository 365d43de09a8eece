package rules

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// secretsNotLiteral looks at what anybody who may read pods and ConfigMaps can read.
func secretsNotLiteral(j *judge) {
	j.eachContainerToo(func(w workload, c *corev1.Container, path string) {
		for i, variable := range c.Env {
			at := fmt.Sprintf("%s.env[%d]", path, i)
			if variable.ValueFrom != nil && variable.ValueFrom.ConfigMapKeyRef != nil && namesSecret(variable.Name) {
				j.fail(w.Resource, "variable %s of container %s comes from a ConfigMap, which is no place for a secret", variable.Name, c.Name)
			}
			if j.secret(w.Resource, at+".value") {
				j.fail(w.Resource, "variable %s of container %s has a value that the program keeps secret", variable.Name, c.Name)
				continue
			}
			if !j.known(w.Resource, at+".value") || variable.Value == "" {
				continue
			}
			switch kind := secretIn(variable.Value); {
			case holdsSecret(variable.Name, variable.Value):
				j.fail(w.Resource, "variable %s of container %s has its value in the pod", variable.Name, c.Name)
			case kind != "":
				j.fail(w.Resource, "variable %s of container %s holds %s", variable.Name, c.Name, kind)
			}
		}
		for _, list := range []struct {
			name  string
			words []string
		}{{"command", c.Command}, {"args", c.Args}} {
			for i, word := range list.words {
				at := fmt.Sprintf("%s.%s[%d]", path, list.name, i)
				if j.secret(w.Resource, at) {
					j.fail(w.Resource, "%s of container %s has a value that the program keeps secret", list.name, c.Name)
					continue
				}
				if !j.known(w.Resource, at) {
					continue
				}
				if kind := secretIn(word); kind != "" {
					j.fail(w.Resource, "%s of container %s holds %s", list.name, c.Name, kind)
				}
			}
		}
	})
	for _, m := range j.configMaps() {
		for _, key := range slices.Sorted(maps.Keys(j.keysOf(m.Resource, "data"))) {
			at := "data." + key
			if j.secret(m.Resource, at) {
				j.fail(m.Resource, "key %q of ConfigMap %s has a value that the program keeps secret", key, m.name)
				continue
			}
			if !j.known(m.Resource, at) {
				continue
			}
			switch kind := secretIn(m.object.Data[key]); {
			case holdsSecret(key, m.object.Data[key]):
				j.fail(m.Resource, "key %q of ConfigMap %s holds a secret by its name", key, m.name)
			case kind != "":
				j.fail(m.Resource, "key %q of ConfigMap %s holds %s", key, m.name, kind)
			}
		}
	}
}
