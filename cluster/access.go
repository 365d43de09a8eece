package cluster

import (
	"fmt"
	"slices"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Roles by which people and pipelines use the cluster. Kubeconfigs of a role are for the group platform:<role>.
const (
	RoleAdmin = "admin"
	RoleEdit  = "edit"
	RoleView  = "view"
)

// Roles are all of them, the mightiest first.
var Roles = []string{RoleAdmin, RoleEdit, RoleView}

// Access names the groups that the OIDC issuer puts the users of each role into.
type Access struct {
	// Admin may do everything, as the administrator.
	Admin []string `json:"admin"`
	// Edit may read and change what is in namespaces, Secrets among it, but for who may do what.
	Edit []string `json:"edit"`
	// View may read what is in namespaces but Secrets, and nodes.
	View []string `json:"view"`
}

func (a Access) of(role string) []string {
	return map[string][]string{RoleAdmin: a.Admin, RoleEdit: a.Edit, RoleView: a.View}[role]
}

// nodesRole is what the built-in roles lack for seeing where pods are and what nodes use.
const nodesRole = "platform:nodes"

// grants are which ClusterRole the users of which roles have, everywhere. The first three are built in.
// https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles
var grants = []struct {
	name, clusterRole string
	roles             []string
}{
	{"admin", "cluster-admin", []string{RoleAdmin}},
	{"edit", "edit", []string{RoleEdit}},
	{"view", "view", []string{RoleView}},
	{"nodes", nodesRole, []string{RoleEdit, RoleView}},
}

// groupOf is the group of a role's kubeconfigs.
func groupOf(role string) string { return "platform:" + role }

// grant lets the groups of each role do what it is for.
func (k *objects) grant(args *Args, after pulumi.Resource) error {
	options := k.options(args.controlPlane().Instance, after)
	words := func(list ...string) pulumi.StringArray { return pulumi.ToStringArray(list) }
	if _, err := rbacv1.NewClusterRole(k.ctx, k.prefix+"-nodes", &rbacv1.ClusterRoleArgs{
		Metadata: managed(metav1.ObjectMetaArgs{Name: pulumi.String(nodesRole)}),
		Rules: rbacv1.PolicyRuleArray{rbacv1.PolicyRuleArgs{
			ApiGroups: words(""), Resources: words("nodes"), Verbs: words("get", "list", "watch"),
		}},
	}, options...); err != nil {
		return err
	}
	for _, grant := range grants {
		subjects := rbacv1.SubjectArray{}
		for _, role := range grant.roles {
			groups := []string{groupOf(role)}
			for _, group := range args.Access.of(role) {
				groups = append(groups, oidcPrefix+group)
			}
			for _, group := range groups {
				subjects = append(subjects, rbacv1.SubjectArgs{
					ApiGroup: pulumi.String("rbac.authorization.k8s.io"), Kind: pulumi.String("Group"), Name: pulumi.String(group),
				})
			}
		}
		if _, err := rbacv1.NewClusterRoleBinding(k.ctx, k.prefix+"-access-"+grant.name, &rbacv1.ClusterRoleBindingArgs{
			Metadata: managed(metav1.ObjectMetaArgs{Name: pulumi.String("platform:" + grant.name)}),
			RoleRef: rbacv1.RoleRefArgs{
				ApiGroup: pulumi.String("rbac.authorization.k8s.io"), Kind: pulumi.String("ClusterRole"), Name: pulumi.String(grant.clusterRole),
			},
			Subjects: subjects,
		}, options...); err != nil {
			return err
		}
	}
	return nil
}

func (p *problems) access(a *Args) {
	for _, role := range Roles {
		groups := a.Access.of(role)
		for i, group := range groups {
			key := fmt.Sprintf("access.%s[%d]", role, i)
			switch {
			case !oneLine(group):
				p.Addf("%s %q: must be the name of a group, on one line", key, group)
			case a.OIDC.IssuerURL == "":
				p.Addf("%s %q: needs oidc.issuerUrl, since nobody else puts users into groups", key, group)
			case slices.Index(groups, group) < i:
				p.Addf("%s %q: duplicate of access.%s[%d]", key, group, role, slices.Index(groups, group))
			}
		}
	}
}
