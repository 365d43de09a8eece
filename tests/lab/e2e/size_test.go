//go:build lab

package e2e

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/tests/lab/labtest"
	"ecommerce-platform/tests/lab/preview"
)

// TestNodesHaveWhatThePreviewCountsOn compares what pods may ask for: by the preview's estimate, on which its placement stands,
// and by the kubelets. A pod that the preview places must find its place, and hardly one that fits may be refused.
func TestNodesHaveWhatThePreviewCountsOn(t *testing.T) {
	planned, err := preview.Run(t.Context(), preview.Options{})
	require.NoError(t, err)
	nodes := map[string]corev1.Node{}
	for _, node := range labtest.Get[corev1.NodeList](t, shop.Lab, "nodes").Items {
		nodes[node.Name] = node
	}
	require.Len(t, planned.Report.Placement.Nodes, len(nodeNames))
	for _, estimate := range planned.Report.Placement.Nodes {
		t.Run(estimate.Node, func(t *testing.T) {
			require.Contains(t, nodes, estimate.Node)
			has := nodes[estimate.Node].Status.Allocatable
			assert.Equal(t, estimate.AllocatableCPU, has.Cpu().MilliValue(), "millicores")
			memory := has.Memory().Value() >> 20
			assert.LessOrEqual(t, estimate.AllocatableMemory, memory, "MiB")
			// The estimate leaves more to the hypervisor and the kernel than most types do.
			assert.GreaterOrEqual(t, estimate.AllocatableMemory, memory*9/10, "MiB")
		})
	}
}
