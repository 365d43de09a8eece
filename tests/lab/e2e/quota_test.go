//go:build lab

package e2e

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/tests/lab/labtest"
)

func TestQuotaHoldsTheTiersAndNoMore(t *testing.T) {
	quota := labtest.Get[corev1.ResourceQuota](t, shop.Lab, "resourcequota", "tiers", "-n", namespace)
	for kind, hard := range quota.Spec.Hard {
		used := quota.Status.Used[kind]
		assert.Equal(t, -1, used.Cmp(hard), "%s: %s of %s", kind, used.String(), hard.String())
	}

	small := labtest.Get[corev1.Pod](t, shop.Lab, "pod", "-n", namespace, pod(t, "requests-nothing", postgresClient))
	assert.Equal(t, "50m", small.Spec.Containers[0].Resources.Requests.Cpu().String())
	assert.Equal(t, "64Mi", small.Spec.Containers[0].Resources.Requests.Memory().String())
	assert.Empty(t, small.Spec.Containers[0].Resources.Limits)

	large := map[string]any{
		"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "requests-much", "namespace": namespace},
		"spec": map[string]any{
			"securityContext": map[string]any{"runAsNonRoot": true, "runAsUser": 999, "seccompProfile": map[string]any{"type": "RuntimeDefault"}},
			"containers": []any{map[string]any{
				"name": "much", "image": postgresClient, "resources": map[string]any{"requests": map[string]any{"cpu": "100"}},
				"securityContext": map[string]any{"allowPrivilegeEscalation": false, "capabilities": map[string]any{"drop": []any{"ALL"}}},
			}},
		},
	}
	document, err := json.Marshal(large)
	require.NoError(t, err)
	_, err = shop.KubectlStdin(t.Context(), string(document), "create", "-f", "-")
	require.ErrorContains(t, err, "exceeded quota: tiers")
}
