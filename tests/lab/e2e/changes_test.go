//go:build lab

package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"

	"ecommerce-platform/tests/lab/labtest"
)

func TestUpThatChangesNothingReportsNoChanges(t *testing.T) {
	result, err := shop.Stack.Up(t.Context())
	require.NoError(t, err)
	assert.Empty(t, result.Describe())
}

// What somebody changed by hand of what is declared comes back with the next change there, and that change does not fail for it.
func TestScaledByHandIsTakenBack(t *testing.T) {
	shop.Kubectl(t, "scale", "-n", namespace, "deployment/backend", "--replicas=1")
	require.NoError(t, shop.Set(t.Context(), map[string]any{"backend": map[string]any{"replicas": 2}}))
	_, err := shop.Stack.Up(t.Context())
	require.NoError(t, err)
	assert.Equal(t, int32(2), *labtest.Get[appsv1.Deployment](t, shop.Lab, "deployment", "backend", "-n", namespace).Spec.Replicas)
	require.NoError(t, shop.Set(t.Context(), nil))
	_, err = shop.Stack.Up(t.Context())
	require.NoError(t, err)
	assert.Len(t, podsOf(t, "backend"), 3)
}

func TestChangedRedisSettingRollsOutToTheEnd(t *testing.T) {
	before := map[string]bool{}
	for _, pod := range podsOf(t, "redis") {
		before[pod.Name] = true
	}
	policy := "allkeys-lfu"
	if strings.Contains(redisConfig(t, podsOf(t, "redis")[0].Name), policy) {
		policy = "volatile-lfu" // the second run on a lab that was kept
	}
	require.NoError(t, shop.Set(t.Context(), map[string]any{"redis": map[string]any{"settings": map[string]any{"maxmemory-policy": policy}}}))
	result, err := shop.Stack.Up(t.Context())
	require.NoError(t, err)
	for _, step := range result.Changed() {
		assert.Contains(t, step.URN.Name(), "redis", "only redis changes: %s", step)
	}
	assert.NotEmpty(t, result.Changed())

	shop.Kubectl(t, "rollout", "status", "-n", namespace, "deployment/redis", "--timeout=60s")
	labtest.Eventually(t, time.Minute, func() error {
		_, err := shop.TryKubectl(t.Context(), "wait", "-n", namespace, "pod", "-l", "app.kubernetes.io/name=redis", "--for=condition=Ready", "--timeout=1s")
		return err
	})
	pods := podsOf(t, "redis")
	require.Len(t, pods, 2)
	for _, pod := range pods {
		assert.False(t, before[pod.Name], "%s is from before the change", pod.Name)
		assert.Contains(t, redisConfig(t, pod.Name), policy)
	}
}

func redisConfig(t *testing.T, pod string) string {
	t.Helper()
	return shop.Kubectl(t, "exec", "-n", namespace, pod, "--", "redis-cli", "config", "get", "maxmemory-policy")
}
