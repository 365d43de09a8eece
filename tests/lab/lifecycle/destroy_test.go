//go:build lab

package lifecycle

import (
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// testDestroyWithDeadAPI kills the API server together with what would bring it back.
func testDestroyWithDeadAPI(t *testing.T) {
	_, err := shop.OnMachine(t.Context(), "control-plane", "sh", "-c", "systemctl stop kubelet containerd && pkill -KILL kube-apiserver")
	require.NoError(t, err)
	_, err = shop.TryKubectl(t.Context(), "get", "--raw=/readyz", "--request-timeout=5s")
	require.Error(t, err, "the API server is dead")
	destroy(t, "destroy with a dead API")
}

// testDestroyWithoutANode brings the platform up once more, and loses a worker's machine with its disk.
func testDestroyWithoutANode(t *testing.T) {
	_, err := shop.Stack.Up(t.Context())
	require.NoError(t, err)
	container, err := shop.Container(t.Context(), "worker-node-2")
	require.NoError(t, err)
	output, err := exec.Command("docker", "rm", "--force", "--volumes", container).CombinedOutput()
	require.NoError(t, err, string(output))
	destroy(t, "destroy with a node gone")
}

// destroy is `pulumi destroy`, after which nothing is left.
func destroy(t *testing.T, what string) {
	t.Helper()
	start := time.Now()
	result, err := shop.Stack.Destroy(t.Context())
	require.NoError(t, err)
	note(t, what, "%d resources in %s", result.Changes["delete"], time.Since(start).Round(time.Second))
	left, err := shop.Leftovers(t.Context())
	require.NoError(t, err)
	assert.Empty(t, left)
}
