package metricsserver

import (
	"maps"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	rbacGroup    = "rbac.authorization.k8s.io"
	metricsGroup = "metrics.k8s.io"
	// readsMetrics is what Kubernetes' roles view, edit and admin get to read metrics by.
	readsMetrics = "system:aggregated-metrics-reader"
	// scrapes is what metrics-server may: the metrics of kubelets, and which nodes and pods there are.
	scrapes = "system:metrics-server"
)

func words(list ...string) pulumi.StringArray { return pulumi.ToStringArray(list) }

// access makes metrics-server's account and what it and readers of metrics may, under the names of its own manifest.
// https://github.com/kubernetes-sigs/metrics-server/blob/master/manifests/base/rbac.yaml
func (s *server) access() (account pulumi.Resource, bindings []pulumi.Resource, err error) {
	if account, err = corev1.NewServiceAccount(s.ctx, s.child("account"), &corev1.ServiceAccountArgs{
		Metadata: s.meta(name), AutomountServiceAccountToken: pulumi.Bool(false),
	}, s.options()...); err != nil {
		return nil, nil, err
	}
	for _, role := range []struct {
		part, name string
		labels     map[string]string
		rules      rbacv1.PolicyRuleArray
	}{
		{"reader", readsMetrics, map[string]string{
			"rbac.authorization.k8s.io/aggregate-to-view": "true", "rbac.authorization.k8s.io/aggregate-to-edit": "true",
			"rbac.authorization.k8s.io/aggregate-to-admin": "true",
		}, rbacv1.PolicyRuleArray{
			rbacv1.PolicyRuleArgs{ApiGroups: words(metricsGroup), Resources: words("pods", "nodes"), Verbs: words("get", "list", "watch")},
		}},
		{"role", scrapes, nil, rbacv1.PolicyRuleArray{
			rbacv1.PolicyRuleArgs{ApiGroups: words(""), Resources: words("nodes/metrics"), Verbs: words("get")},
			rbacv1.PolicyRuleArgs{ApiGroups: words(""), Resources: words("pods", "nodes"), Verbs: words("get", "list", "watch")},
		}},
	} {
		meta := s.clusterMeta(role.name)
		labels := s.labels()
		maps.Copy(labels, pulumi.ToStringMap(role.labels))
		meta.Labels = labels
		made, err := rbacv1.NewClusterRole(s.ctx, s.child(role.part), &rbacv1.ClusterRoleArgs{Metadata: meta, Rules: role.rules}, s.options()...)
		if err != nil {
			return nil, nil, err
		}
		bindings = append(bindings, made)
	}
	subjects := rbacv1.SubjectArray{rbacv1.SubjectArgs{
		Kind: pulumi.String("ServiceAccount"), Name: pulumi.String(name), Namespace: pulumi.String(namespace),
	}}
	to := func(kind, role string) rbacv1.RoleRefArgs {
		return rbacv1.RoleRefArgs{ApiGroup: pulumi.String(rbacGroup), Kind: pulumi.String(kind), Name: pulumi.String(role)}
	}
	for _, binding := range []struct{ part, name, role string }{
		{"scrapes", scrapes, scrapes},
		// It asks the API server who asks it, and whether they may.
		{"delegates", name + ":system:auth-delegator", "system:auth-delegator"},
	} {
		made, err := rbacv1.NewClusterRoleBinding(s.ctx, s.child(binding.part), &rbacv1.ClusterRoleBindingArgs{
			Metadata: s.clusterMeta(binding.name), RoleRef: to("ClusterRole", binding.role), Subjects: subjects,
		}, s.options()...)
		if err != nil {
			return nil, nil, err
		}
		bindings = append(bindings, made)
	}
	// By what the API server proves that it is the one that asks.
	knows, err := rbacv1.NewRoleBinding(s.ctx, s.child("knows"), &rbacv1.RoleBindingArgs{
		Metadata: s.meta(name + "-auth-reader"), RoleRef: to("Role", "extension-apiserver-authentication-reader"), Subjects: subjects,
	}, s.options()...)
	return account, append(bindings, knows), err
}
