//go:build lab

package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/tests/lab/labtest"
)

// metadataPod is on the machine's network, as any pod may be where Pod Security does not forbid it.
const metadataPod = `
apiVersion: v1
kind: Pod
metadata: {name: metadata, namespace: default}
spec:
  nodeName: worker-node-1
  hostNetwork: true
  restartPolicy: Never
  containers:
    - name: curl
      image: nginx:alpine
      command: [curl, --silent, --max-time, "5", "http://169.254.169.254/"]
      securityContext: {runAsUser: 101}
`

// TestInstanceMetadata puts a server at the address of EC2's metadata, which the lab has none of, on the machine itself.
func TestInstanceMetadata(t *testing.T) {
	const node = "worker-node-1"
	sh := func(line string) (string, error) {
		return shop.OnMachine(context.WithoutCancel(t.Context()), node, "bash", "-c", line)
	}
	must := func(line string) string {
		t.Helper()
		out, err := sh(line)
		require.NoError(t, err)
		return out
	}
	must("ip address add 169.254.169.254/32 dev lo; systemd-run --quiet --unit metadata-stand-in socat TCP-LISTEN:80,bind=169.254.169.254,fork,reuseaddr PIPE")
	t.Cleanup(func() {
		must("systemctl stop metadata-stand-in; ip address del 169.254.169.254/32 dev lo")
		_, err := shop.TryKubectl(context.WithoutCancel(t.Context()), "delete", "pod", "-n", "default", "metadata", "--ignore-not-found", "--now")
		assert.NoError(t, err)
	})
	const connect = "timeout 5 bash -c '</dev/tcp/169.254.169.254/80'"

	t.Run("root reaches it", func(t *testing.T) {
		if must("stat --file-system --format %T /sys/fs/cgroup") == "cgroup2fs\n" {
			t.Skip("a machine that is a container is in a cgroup of the host's, where no service of its own is")
		}
		labtest.Eventually(t, time.Minute, func() error { _, err := sh(connect); return err })
	})
	t.Run("no other user does", func(t *testing.T) {
		_, err := sh("runuser -u nobody -- " + connect)
		require.Error(t, err)
	})
	t.Run("no pod on the machine's network does", func(t *testing.T) {
		_, err := shop.KubectlStdin(t.Context(), metadataPod, "apply", "--filename", "-")
		require.NoError(t, err)
		labtest.Eventually(t, time.Minute, func() error {
			pod := labtest.Get[corev1.Pod](t, shop.Lab, "pod", "-n", "default", "metadata")
			for _, container := range pod.Status.ContainerStatuses {
				if ended := container.State.Terminated; ended != nil {
					assert.Contains(t, []int32{7, 28}, ended.ExitCode, "curl's status where a connection is refused, or nobody answers")
					return nil
				}
			}
			return fmt.Errorf("the pod is %s", pod.Status.Phase)
		})
	})
	t.Run("nor after the machine has started again", func(t *testing.T) {
		assert.Equal(t, "enabled\n", must("systemctl is-enabled platform-metadata.service"))
		assert.Contains(t, must("systemctl cat platform-metadata.service"), "ExecStart=/usr/sbin/nft --file /etc/platform-metadata.nft")
		must("nft delete table inet platform_metadata && systemctl restart platform-metadata.service && nft list table inet platform_metadata")
	})
}
