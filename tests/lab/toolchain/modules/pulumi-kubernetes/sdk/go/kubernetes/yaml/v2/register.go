// Package v2 registers objects of YAML files.
package v2

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// object is a resource of any kind, of which nothing is known but that it is one.
type object struct{ pulumi.CustomResourceState }

// RegisterResource registers an object under its own type.
func RegisterResource(
	ctx *pulumi.Context, apiVersion, kind, name string, props pulumi.Input, opts ...pulumi.ResourceOption,
) (pulumi.CustomResource, error) {
	if !strings.Contains(apiVersion, "/") {
		apiVersion = "core/" + apiVersion
	}
	var registered object
	err := ctx.RegisterResource("kubernetes:"+apiVersion+":"+kind, name, props, &registered, opts...)
	return &registered, err
}
