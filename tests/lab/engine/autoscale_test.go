package engine_test

import (
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/controlplane/controlplanetest"
)

// TestAutoscale turns autoscale on and off for a tier that runs. No kubelet tells what pods use, so a hand scales in the
// autoscaler's place, by the same subresource.
func TestAutoscale(t *testing.T) {
	cluster := controlplanetest.Start(t, "control-plane", "worker-node-1", "worker-node-2")
	t.Setenv("TMPDIR", t.TempDir())
	p := newPlatform(t)
	p.answerKubeconfig(cluster.Kubeconfig)
	stack := p.stack("dev", nil)
	replicas := func() string {
		return cluster.Kubectl("", "-n", "ecommerce", "get", "deployment", "backend", "-o", "jsonpath={.spec.replicas}")
	}
	up := func(backend map[string]any, args ...string) {
		t.Helper()
		changes := map[string]any{}
		if backend != nil {
			changes = map[string]any{"metricsServer": true, "backend": backend}
		}
		p.configure(stack, changes)
		_, err := stack.Up(t.Context(), args...)
		require.NoError(t, err)
	}
	scaled := func(least int) map[string]any {
		return map[string]any{"autoscale": map[string]any{"min": least, "max": 6, "cpu": 60}}
	}

	_, err := stack.Up(t.Context())
	require.NoError(t, err)
	require.Equal(t, "3", replicas())

	up(scaled(2))
	assert.Equal(t, "3", replicas(), "the pods that are there stay, and do not fall to one")
	up(scaled(2), "--expect-no-changes")

	cluster.Kubectl("", "-n", "ecommerce", "scale", "deployment/backend", "--replicas", "5")
	up(scaled(2), "--expect-no-changes")
	assert.Equal(t, "5", replicas(), "the number is the autoscaler's")
	rolled := maps.Clone(scaled(2))
	rolled["env"] = map[string]any{"LOG_LEVEL": "debug"}
	up(rolled)
	assert.Equal(t, "5", replicas(), "another change of the tier leaves it")
	up(rolled, "--refresh")
	assert.Equal(t, "5", replicas(), "and so does a refresh")

	cluster.Kubectl("", "-n", "ecommerce", "scale", "deployment/backend", "--replicas", "3")
	up(scaled(4))
	assert.Eventually(t, func() bool { return replicas() == "4" }, 2*time.Minute, time.Second, "the autoscaler takes fewer than the fewest at its word")

	up(nil)
	assert.Equal(t, "3", replicas(), "turned off, the declared number counts")
	assert.Empty(t, cluster.Kubectl("", "-n", "ecommerce", "get", "hpa", "-o", "name"))
	up(nil, "--expect-no-changes")
}
