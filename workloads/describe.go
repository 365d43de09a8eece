package workloads

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/infra/boundary"
)

// describeNodes tells, in the component's outputs, of the nodes that pods may be placed on. Where another stack holds the
// nodes, a policy finds their labels and taints nowhere else.
func (a *Args) describeNodes() pulumi.Array {
	nodes := pulumi.Array{}
	for _, node := range a.Nodes {
		nodes = append(nodes, pulumi.Map{
			"name": pulumi.String(node.Name), "role": pulumi.String(boundary.Worker),
			"labels": pulumi.ToStringMap(node.Labels), "taints": boundary.Describe(node.Taints),
		})
	}
	return nodes
}
