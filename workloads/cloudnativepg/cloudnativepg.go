// Package cloudnativepg runs CloudNativePG, the operator that keeps several PostgreSQL servers one database: it makes their pods, and
// another one the primary when the primary is gone. What it serves to the API server, its resource types, the cluster layer installs.
// https://cloudnative-pg.io
package cloudnativepg

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// APIVersion and Kind are those of the resource that a database is declared by.
	APIVersion = "postgresql.cnpg.io/v1"
	Kind       = "Cluster"
	// ClusterLabel is that of every pod that the operator makes, servers and those that set one up. Its value is the Cluster's name.
	ClusterLabel = "cnpg.io/cluster"
	// ReloadLabel, with the value "true", has servers read a Secret again as soon as it has changed.
	ReloadLabel = "cnpg.io/reload"
	// StatusPort is the name of the port on which a server's instance manager tells the operator, and the other ones, how it is.
	StatusPort = "status"
)

const (
	// Namespace is the operator's own, where its manifest has it.
	Namespace = "cnpg-system"
	name      = "cnpg-controller-manager"
	// label is what the operator finds its own Deployment by.
	label = "cloudnative-pg"
)

// Args say what runs, and for whom.
type Args struct {
	// Image is the operator's, with a tag or a digest. The pods of servers take their instance manager from it.
	Image string
	// Shop is the only namespace in which the operator makes databases.
	Shop string
	// PodCidr is the block that pods get addresses from, "192.168.0.0/16".
	PodCidr string
	// Labels and Annotations are those of every object.
	Labels, Annotations pulumi.StringMap
	// Options are those of every object.
	Options []pulumi.ResourceOption
}

// operator registers the objects.
type operator struct {
	*Args
	ctx    *pulumi.Context
	prefix string
}

// New runs the operator and returns what is there once it may be told of a database. prefix begins the names of resources.
func New(ctx *pulumi.Context, prefix string, args *Args) ([]pulumi.Resource, error) {
	o := &operator{Args: args, ctx: ctx, prefix: prefix + "-cloudnativepg"}
	if err := o.createNamespace(); err != nil {
		return nil, err
	}
	bounds, err := o.isolate()
	if err != nil {
		return nil, err
	}
	rights, err := o.access()
	if err != nil {
		return nil, err
	}
	deployment, err := o.deploy(append(bounds, rights...))
	if err != nil {
		return nil, err
	}
	// The rights outlive the Deployment: what it is to clean up, it does with them.
	return append(rights, deployment), nil
}

// Selector selects the operator's pods.
func Selector() pulumi.StringMap {
	return pulumi.StringMap{"app.kubernetes.io/name": pulumi.String(label)}
}
