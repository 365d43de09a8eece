//go:build lab

package e2e

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
)

const rbacAPI = "rbac.authorization.k8s.io"

// administrators may do everything.
var administrators = []string{"Group kubeadm:cluster-admins", "Group platform:admin", "Group system:masters"}

// rbac is who may do what in the cluster.
type rbac struct {
	// roles are the rules by "ClusterRole/name" and "Role/namespace/name".
	roles    map[string][]rbacv1.PolicyRule
	bindings []rbacv1.RoleBinding
}

func readRBAC(t *testing.T) rbac {
	t.Helper()
	var found struct {
		Items []struct {
			rbacv1.RoleBinding
			Rules []rbacv1.PolicyRule `json:"rules"`
		}
	}
	text := shop.Kubectl(t, "get", "clusterroles,roles,clusterrolebindings,rolebindings", "--all-namespaces", "-o", "json")
	require.NoError(t, json.Unmarshal([]byte(text), &found))
	all := rbac{roles: map[string][]rbacv1.PolicyRule{}}
	for _, item := range found.Items {
		if strings.HasSuffix(item.Kind, "Binding") {
			all.bindings = append(all.bindings, item.RoleBinding)
		} else {
			all.roles[roleKey(item.Kind, item.Namespace, item.Name)] = item.Rules
		}
	}
	require.NotEmpty(t, all.roles)
	require.NotEmpty(t, all.bindings)
	return all
}

func roleKey(kind, namespace, name string) string {
	if kind == "ClusterRole" {
		return kind + "/" + name
	}
	return kind + "/" + namespace + "/" + name
}

// boundTo are the subjects of a ClusterRole, in order.
func boundTo(t *testing.T, role string) []string {
	t.Helper()
	subjects := map[string]bool{}
	for _, binding := range readRBAC(t).bindings {
		if binding.RoleRef.Kind == "ClusterRole" && binding.RoleRef.Name == role {
			for _, subject := range binding.Subjects {
				subjects[subjectName(subject)] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(subjects))
}

// others are the subjects, in order, that have one of the verbs on one of the resources, and are neither administrators nor have it by a
// role of Kubernetes' own, which begin with "system:".
func others(t *testing.T, group string, verbs []string, resources ...string) []string {
	t.Helper()
	all := readRBAC(t)
	subjects := map[string]bool{}
	for _, binding := range all.bindings {
		role := all.roles[roleKey(binding.RoleRef.Kind, binding.Namespace, binding.RoleRef.Name)]
		if strings.HasPrefix(binding.RoleRef.Name, "system:") || !slices.ContainsFunc(role, func(rule rbacv1.PolicyRule) bool {
			return overlap(rule.APIGroups, group) && overlap(rule.Verbs, verbs...) && overlap(rule.Resources, resources...)
		}) {
			continue
		}
		for _, subject := range binding.Subjects {
			if name := subjectName(subject); !slices.Contains(administrators, name) {
				subjects[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(subjects))
}

func overlap(granted []string, asked ...string) bool {
	return slices.Contains(granted, rbacv1.ResourceAll) || slices.ContainsFunc(asked, func(one string) bool { return slices.Contains(granted, one) })
}

func subjectName(subject rbacv1.Subject) string {
	if subject.Kind == rbacv1.ServiceAccountKind {
		return subject.Kind + " " + subject.Namespace + "/" + subject.Name
	}
	return subject.Kind + " " + subject.Name
}
