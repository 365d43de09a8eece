package cloudnativepg

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	account     = "cnpg-manager"
	rbacGroup   = "rbac.authorization.k8s.io"
	ownGroup    = "postgresql.cnpg.io"
	policyGroup = "policy"
)

func words(list ...string) pulumi.StringArray { return pulumi.ToStringArray(list) }

func rule(group string, resources, verbs pulumi.StringArray) rbacv1.PolicyRuleArgs {
	return rbacv1.PolicyRuleArgs{ApiGroups: words(group), Resources: resources, Verbs: verbs}
}

// Verbs that rules have in common.
var (
	reads  = words("get", "list", "watch")
	writes = words("create", "delete", "get", "list", "patch", "update", "watch")
	tells  = words("get", "patch", "update", "watch")
)

// inShop is what the operator may in the namespace of its databases. Its manifest lets it do that in every namespace of the cluster, and
// so read every Secret there is. https://cloudnative-pg.io/documentation/current/security/#role-based-access-control-rbac
var inShop = rbacv1.PolicyRuleArray{
	rule("", words("configmaps", "secrets", "services", "pods", "pods/exec", "persistentvolumeclaims", "serviceaccounts"), writes),
	rule("", words("configmaps/status", "secrets/status", "pods/status"), tells),
	rule("", words("events"), words("create", "patch")),
	rule("apps", words("deployments"), writes),
	rule("batch", words("jobs"), writes),
	rule("coordination.k8s.io", words("leases"), writes),
	rule("discovery.k8s.io", words("endpointslices"), reads),
	rule(policyGroup, words("poddisruptionbudgets"), writes),
	rule(rbacGroup, words("roles", "rolebindings"), writes),
	rule("monitoring.coreos.com", words("podmonitors"), writes),
	rule("snapshot.storage.k8s.io", words("volumesnapshots"), writes),
	rule(ownGroup, words("backups", "clusters", "databaseroles", "databases", "poolers", "publications", "scheduledbackups", "subscriptions", "imagecatalogs", "failoverquorums"), writes),
	rule(ownGroup, words("backups/status", "clusters/status", "databaseroles/status", "databases/status", "failoverquorums/status", "poolers/status",
		"publications/status", "scheduledbackups/status", "subscriptions/status"), tells),
	rule(ownGroup, words("clusters/finalizers", "databaseroles/finalizers", "poolers/finalizers"), words("update")),
}

// atHome is what it may in its own namespace: keep its certificates, and say who leads.
var atHome = rbacv1.PolicyRuleArray{
	rule("", words("configmaps", "secrets"), words("create", "get", "list", "patch", "update", "watch")),
	rule("", words("events"), words("create", "patch")),
	rule("apps", words("deployments"), reads),
	rule("coordination.k8s.io", words("leases"), words("create", "get", "list", "update", "watch")),
	rule("discovery.k8s.io", words("endpointslices"), reads),
}

// everywhere is of things that are in no namespace: whether a node is being drained.
var everywhere = rbacv1.PolicyRuleArray{
	rule("", words("nodes"), reads),
	rule(ownGroup, words("clusterimagecatalogs"), reads),
}

// access makes the operator's account and what it may.
func (o *operator) access() ([]pulumi.Resource, error) {
	made, err := corev1.NewServiceAccount(o.ctx, o.child("account"), &corev1.ServiceAccountArgs{
		Metadata: o.meta(account, Namespace), AutomountServiceAccountToken: pulumi.Bool(false),
	}, o.options()...)
	if err != nil {
		return nil, err
	}
	rights := []pulumi.Resource{made}
	subjects := rbacv1.SubjectArray{rbacv1.SubjectArgs{
		Kind: pulumi.String("ServiceAccount"), Name: pulumi.String(account), Namespace: pulumi.String(Namespace),
	}}
	refers := func(kind string) rbacv1.RoleRefArgs {
		return rbacv1.RoleRefArgs{ApiGroup: pulumi.String(rbacGroup), Kind: pulumi.String(kind), Name: pulumi.String(account)}
	}
	for _, place := range []struct {
		part, namespace string
		rules           rbacv1.PolicyRuleArray
	}{{"shop", o.Shop, inShop}, {"home", Namespace, atHome}} {
		role, err := rbacv1.NewRole(o.ctx, o.child(place.part), &rbacv1.RoleArgs{Metadata: o.meta(account, place.namespace), Rules: place.rules}, o.options()...)
		if err != nil {
			return nil, err
		}
		binding, err := rbacv1.NewRoleBinding(o.ctx, o.child(place.part), &rbacv1.RoleBindingArgs{
			Metadata: o.meta(account, place.namespace), RoleRef: refers("Role"), Subjects: subjects,
		}, o.options()...)
		if err != nil {
			return nil, err
		}
		rights = append(rights, role, binding)
	}
	role, err := rbacv1.NewClusterRole(o.ctx, o.child("nodes"), &rbacv1.ClusterRoleArgs{Metadata: o.meta(account, ""), Rules: everywhere}, o.options()...)
	if err != nil {
		return nil, err
	}
	binding, err := rbacv1.NewClusterRoleBinding(o.ctx, o.child("nodes"), &rbacv1.ClusterRoleBindingArgs{
		Metadata: o.meta(account, ""), RoleRef: refers("ClusterRole"), Subjects: subjects,
	}, o.options()...)
	return append(rights, role, binding), err
}
