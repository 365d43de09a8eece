//go:build lab && lifecycle

package lifecycle

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/tests/lab/labtest"
)

// testSilence takes away what others would take for an answer: the API server, then the whole control plane, then a worker with
// one of the two pods of the cluster's DNS.
func testSilence(t *testing.T) {
	requireWhole(t)
	t.Run("a worker is not drained while the API server is silent", testDrainOfASilentCluster)
	t.Run("names resolve without the control plane", testNamesWithoutTheControlPlane)
	t.Run("the cluster's DNS is apart again after a node was away", testNamesComeApart)
	requireWhole(t)
}

func testDrainOfASilentCluster(t *testing.T) {
	recordResult(t)
	const node, manifest = "worker-node-1", "/etc/kubernetes/manifests/kube-apiserver.yaml"
	before := labtest.Get[corev1.Node](t, shop, "node", node)
	control := func(command string) (string, error) {
		return shop.OnMachine(t.Context(), "control-plane", "sh", "-c", command)
	}
	_, err := control("mv " + manifest + " /root/")
	require.NoError(t, err)
	t.Cleanup(func() {
		_, _ = shop.OnMachine(context.Background(), "control-plane", "mv", "-n", "/root/kube-apiserver.yaml", manifest)
	})
	labtest.Eventually(t, time.Minute, func() error {
		if _, err := control("kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout 2s get --raw /readyz"); err == nil {
			return fmt.Errorf("the API server still answers")
		}
		return nil
	})
	start := time.Now()
	_, err = control("NODE_NAME=" + node + " /opt/platform/bin/drain.sh >/run/drain.log 2>&1")
	require.Error(t, err)
	said, err := control("cat /run/drain.log")
	require.NoError(t, err)
	require.Contains(t, said, "drain: FAILED: the API server has not answered for 2 minutes, so "+node+" stays as it is")
	note(t, "a worker is to be drained, and the API server is silent", "refused after %s", time.Since(start).Round(time.Second))
	_, err = control("mv /root/kube-apiserver.yaml " + manifest)
	require.NoError(t, err)
	requireWhole(t)
	after := labtest.Get[corev1.Node](t, shop, "node", node)
	assert.Equal(t, before.UID, after.UID)
	assert.False(t, after.Spec.Unschedulable)
}

func testNamesWithoutTheControlPlane(t *testing.T) {
	recordResult(t)
	container, err := shop.Container(t.Context(), "control-plane")
	require.NoError(t, err)
	_, err = docker("pause", container)
	require.NoError(t, err)
	t.Cleanup(func() { _ = exec.Command("docker", "unpause", container).Run() })
	const resolve = `crictl exec "$(crictl ps --quiet --name '^frontend$' | head -n 1)" getent hosts backend`
	for range 6 {
		text, err := shop.OnMachine(t.Context(), "worker-node-1", "sh", "-c", resolve)
		require.NoError(t, err)
		assert.Contains(t, text, "backend")
	}
	_, err = docker("unpause", container)
	require.NoError(t, err)
	requireWhole(t)
}

func testNamesComeApart(t *testing.T) {
	recordResult(t)
	dns := func() map[string]int {
		return spread(labtest.Get[corev1.PodList](t, shop, "pods", "-n", "kube-system", "-l", "k8s-app=kube-dns").Items)
	}
	want := map[string]int{"worker-node-1": 1, "worker-node-2": 1}
	require.Equal(t, want, dns())
	pod := strings.TrimSpace(shop.Kubectl(t, "get", "pods", "-n", "kube-system", "-l", "k8s-app=kube-dns",
		"--field-selector", "spec.nodeName=worker-node-1", "-o", "name"))
	shop.Kubectl(t, "cordon", "worker-node-1")
	t.Cleanup(func() { _, _ = shop.TryKubectl(context.Background(), "uncordon", "worker-node-1") })
	shop.Kubectl(t, "delete", "-n", "kube-system", pod)
	assert.Equal(t, 1, dns()["worker-node-2"], "they never share a node")
	shop.Kubectl(t, "uncordon", "worker-node-1")
	requireWhole(t)
	assert.Equal(t, want, dns())
}
