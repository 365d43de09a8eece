package environment

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/third_party/forked/golang/expansion"

	"ecommerce-platform/policy/model"
)

// Known tells whether all of what is at a path of a resource is known, and records what is not.
type Known func(r *model.Resource, path string) bool

// Variable is one of a container, with the values of those before it in the place of their names.
type Variable struct {
	Name, Value string
	// port is what the variable beside it says whose name ends in PORT where this one's ends in HOST; 0 where there is none.
	port int
}

// Variables are those of a container whose values are known. The container is at path of the workload's resource.
func Variables(stack *model.Stack, known Known, w model.Workload, c *corev1.Container, path string) []Variable {
	var found []Variable
	before := map[string]string{}
	for i, variable := range c.Env {
		value, ok := valueOf(stack, known, w, variable, fmt.Sprintf("%s.env[%d]", path, i))
		if !ok {
			continue
		}
		value = expanded(value, before)
		before[variable.Name] = value
		found = append(found, Variable{Name: variable.Name, Value: value})
	}
	for i, v := range found {
		if prefix, ok := strings.CutSuffix(v.Name, "HOST"); ok {
			found[i].port, _ = strconv.Atoi(before[prefix+"PORT"]) // what is no number is no port
		}
	}
	return found
}

// Endpoints are the Services that the variable names, as a pod of the workload resolves them. Names that the pod has addresses of its own
// for are none.
func (v Variable) Endpoints(stack *model.Stack, w model.Workload) []Endpoint {
	var found []Endpoint
	for _, e := range endpointsIn(v.Name, v.Value, w.Namespace, Namespaces(stack)) {
		if aliased(w.Template.Spec.HostAliases, e.Service) {
			continue
		}
		if e.Port == 0 {
			e.Port = v.port
		}
		found = append(found, e)
	}
	return found
}

// Namespaces are those that the stack declares.
func Namespaces(stack *model.Stack) []string {
	var found []string
	for _, n := range stack.Namespaces {
		found = append(found, n.Value.Name)
	}
	return found
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

// valueOf is a variable's value, also where it comes from a ConfigMap of the stack.
func valueOf(stack *model.Stack, known Known, w model.Workload, variable corev1.EnvVar, path string) (string, bool) {
	from := variable.ValueFrom
	if from == nil {
		return variable.Value, known(w.Resource, path+".value")
	}
	if from.ConfigMapKeyRef == nil {
		return "", false // a secret, or a field of a pod that does not exist yet
	}
	for _, m := range stack.ConfigMaps {
		if m.Malformed != nil || !known(m.Resource, "metadata.namespace") || m.Namespace() != w.Namespace {
			continue
		}
		if name, _ := m.Text("metadata.name"); name == from.ConfigMapKeyRef.Name {
			return m.Value.Data[from.ConfigMapKeyRef.Key], known(m.Resource, "data."+from.ConfigMapKeyRef.Key)
		}
	}
	return "", false
}
