package workloads

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// describeNodes tells, in the component's outputs, of the nodes that pods may be placed on. Where another stack holds the
// nodes, a policy finds their labels and taints nowhere else.
func (a *Args) describeNodes() pulumi.Array {
	nodes := pulumi.Array{}
	for _, node := range a.Nodes {
		taints := pulumi.Array{}
		for _, taint := range node.Taints {
			taints = append(taints, pulumi.StringMap{
				"key": pulumi.String(taint.Key), "value": pulumi.String(taint.Value), "effect": pulumi.String(taint.Effect),
			})
		}
		nodes = append(nodes, pulumi.Map{
			"name": pulumi.String(node.Name), "role": pulumi.String("worker"),
			"labels": pulumi.ToStringMap(node.Labels), "taints": taints,
		})
	}
	return nodes
}
