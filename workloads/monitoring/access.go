package monitoring

import (
	"maps"
	"slices"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const rbacGroup = "rbac.authorization.k8s.io"

func words(list ...string) pulumi.StringArray { return pulumi.ToStringArray(list) }

// letScrape lets the component find nodes, and pods in the namespaces where some are asked, and ask kubelets and the API server.
func (w *watch) letScrape(c *component) ([]pulumi.Resource, error) {
	rights, err := w.grant(c, rbacv1.PolicyRuleArray{
		rbacv1.PolicyRuleArgs{ApiGroups: words(""), Resources: words("nodes"), Verbs: words("get", "list", "watch")},
		rbacv1.PolicyRuleArgs{ApiGroups: words(""), Resources: words("nodes/metrics"), Verbs: words("get")},
		rbacv1.PolicyRuleArgs{NonResourceURLs: words("/metrics"), Verbs: words("get")},
	})
	if err != nil {
		return nil, err
	}
	namespaces := map[string]bool{}
	for _, pods := range w.onPods() {
		namespaces[pods.namespace] = true
	}
	for _, namespace := range slices.Sorted(maps.Keys(namespaces)) {
		more, err := w.grantIn(namespace, c, rbacv1.PolicyRuleArray{
			rbacv1.PolicyRuleArgs{ApiGroups: words(""), Resources: words("pods"), Verbs: words("get", "list", "watch")},
		})
		if err != nil {
			return nil, err
		}
		rights = append(rights, more...)
	}
	return rights, nil
}

// grant gives a component's account a ClusterRole of these rules.
func (w *watch) grant(c *component, rules rbacv1.PolicyRuleArray) ([]pulumi.Resource, error) {
	// Roles of the cluster have no namespace to tell whose they are.
	name := Namespace + ":" + c.name
	role, err := rbacv1.NewClusterRole(w.ctx, w.child(c.name), &rbacv1.ClusterRoleArgs{Metadata: w.clusterMeta(name, c.name), Rules: rules}, w.options()...)
	if err != nil {
		return nil, err
	}
	binding, err := rbacv1.NewClusterRoleBinding(w.ctx, w.child(c.name), &rbacv1.ClusterRoleBindingArgs{
		Metadata: w.clusterMeta(name, c.name), RoleRef: reference("ClusterRole", name), Subjects: c.subjects(),
	}, w.options()...)
	return []pulumi.Resource{role, binding}, err
}

// grantIn gives a component's account a Role of these rules in a namespace.
func (w *watch) grantIn(namespace string, c *component, rules rbacv1.PolicyRuleArray) ([]pulumi.Resource, error) {
	name := Namespace + ":" + c.name
	meta := func() metav1.ObjectMetaArgs {
		meta := w.meta(name, c.name)
		meta.Namespace = pulumi.String(namespace)
		return meta
	}
	role, err := rbacv1.NewRole(w.ctx, w.child(c.name+"-in-"+namespace), &rbacv1.RoleArgs{Metadata: meta(), Rules: rules}, w.options()...)
	if err != nil {
		return nil, err
	}
	binding, err := rbacv1.NewRoleBinding(w.ctx, w.child(c.name+"-in-"+namespace), &rbacv1.RoleBindingArgs{
		Metadata: meta(), RoleRef: reference("Role", name), Subjects: c.subjects(),
	}, w.options()...)
	return []pulumi.Resource{role, binding}, err
}

func reference(kind, role string) rbacv1.RoleRefArgs {
	return rbacv1.RoleRefArgs{ApiGroup: pulumi.String(rbacGroup), Kind: pulumi.String(kind), Name: pulumi.String(role)}
}

func (c *component) subjects() rbacv1.SubjectArray {
	return rbacv1.SubjectArray{rbacv1.SubjectArgs{
		Kind: pulumi.String("ServiceAccount"), Name: pulumi.String(c.name), Namespace: pulumi.String(c.place()),
	}}
}
