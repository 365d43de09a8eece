package workloads

import (
	"slices"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/infra/boundary"
)

// tierKey is the key of the node label, and of the taint, that sets nodes aside for a tier.
const tierKey = "tier"

// hostnameKey is the label by which Kubernetes tells nodes apart.
const hostnameKey = "kubernetes.io/hostname"

// placementRule says which nodes may run a tier.
type placementRule struct {
	tier string
	// label is the value of the label `tier` on its nodes. Empty admits every worker.
	label string
	// taints are the values of the taint tier=<value>:NoSchedule that its pods tolerate.
	taints []string
	// oneEach forbids two pods of the tier on one node.
	oneEach bool
}

var placements = []placementRule{
	{tier: frontendName, label: "frontend", taints: []string{"frontend"}},
	{tier: backendName, label: "backend", taints: []string{"backend"}},
	{tier: postgresName, label: "backend", taints: []string{"backend"}},
	{tier: redisName, taints: []string{"frontend", "backend"}, oneEach: true},
}

func placementOf(tier string) placementRule {
	return placements[slices.IndexFunc(placements, func(r placementRule) bool { return r.tier == tier })]
}

func (r placementRule) selects(node Placement) bool {
	return r.label == "" || node.Labels[tierKey] == r.label
}

func (r placementRule) tolerates(node Placement) bool {
	return !slices.ContainsFunc(node.Taints, func(taint boundary.Taint) bool {
		tolerated := taint.Key == tierKey && taint.Effect == "NoSchedule" && slices.Contains(r.taints, taint.Value)
		return !tolerated && taint.Effect != "PreferNoSchedule"
	})
}

// admits tells whether the node may run the tier.
func (r placementRule) admits(node Placement) bool { return r.selects(node) && r.tolerates(node) }

// first returns the first node that may run the tier, or none.
func (r placementRule) first(nodes []Placement) (Placement, bool) {
	i := slices.IndexFunc(nodes, r.admits)
	if i < 0 {
		return Placement{}, false
	}
	return nodes[i], true
}

// count is how many nodes may run the tier.
func (r placementRule) count(nodes []Placement) int {
	n := 0
	for _, node := range nodes {
		if r.admits(node) {
			n++
		}
	}
	return n
}

func (r placementRule) nodeSelector() pulumi.StringMapInput {
	if r.label == "" {
		return nil
	}
	return pulumi.StringMap{tierKey: pulumi.String(r.label)}
}

func (r placementRule) tolerations() corev1.TolerationArray {
	tolerations := corev1.TolerationArray{}
	for _, value := range r.taints {
		tolerations = append(tolerations, corev1.TolerationArgs{
			Key:      pulumi.String(tierKey),
			Operator: pulumi.String("Equal"),
			Value:    pulumi.String(value),
			Effect:   pulumi.String("NoSchedule"),
		})
	}
	return tolerations
}

// nodeIn requires a label of a node to have this value.
func nodeIn(key, value string) corev1.NodeSelectorTermArgs {
	return corev1.NodeSelectorTermArgs{
		MatchExpressions: corev1.NodeSelectorRequirementArray{corev1.NodeSelectorRequirementArgs{
			Key:      pulumi.String(key),
			Operator: pulumi.String("In"),
			Values:   pulumi.ToStringArray([]string{value}),
		}},
	}
}
