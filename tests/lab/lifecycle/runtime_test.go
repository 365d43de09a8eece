//go:build lab && lifecycle

package lifecycle

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/tests/lab/labtest"
)

// upgradeRuntime takes containerd alone to the version of a new cluster, one node at a time, while clients ask and order.
func (c upgradeCase) upgradeRuntime(t *testing.T, config map[string]any) {
	assertRuntime(t, c.before)
	kept := containers(t)
	busy := c.ask(t)
	turns := watchTurns(t)
	delete(config, "containerdVersion")
	require.NoError(t, shop.Set(t.Context(), config))
	start := time.Now()
	_, err := shop.Stack.Up(t.Context())
	require.NoError(t, err)
	took := time.Since(start).Round(time.Second)
	order, together := turns()
	what := "containerd alone, " + c.name
	note(t, what, "%s to %s in %s, in turn %s", c.before, versions.All.Containerd.Version, took, strings.Join(order, ", "))
	assert.Equal(t, shop.NodeNames(), order, "the nodes' turns")
	assert.Empty(t, together, "nodes that were closed or not ready at one time")
	assertRuntime(t, versions.All.Containerd.Version)
	assertVersions(t, config["kubernetesVersion"].(string))
	assert.Equal(t, kept, containers(t), "containers that no eviction ends run on")
	busy.judge(t, what)
}

// debiansRuntime makes a node what it was when its containerd came from Debian: that package with the settings for it, and
// containers which it has started.
const debiansRuntime = `set -eu
config=/etc/containerd/config.toml
sandbox=$(sed -n 's/^ *sandbox = "\(.*\)"$/\1/p' $config)
restrict=$(sed -n 's/^ *restrict_oom_score_adj = \(.*\)$/\1/p' $config)
systemctl stop kubelet
# Those whose network is taken down first, while the API server answers that is asked for it.
crictl pods --quiet --label k8s-app=calico-kube-controllers | xargs --no-run-if-empty crictl --timeout 2m rmp --force >/dev/null
crictl --timeout 2m rmp --all --force >/dev/null
systemctl stop containerd
rm -rf /var/lib/containerd/*
apt-mark unhold containerd.io >&2
DEBIAN_FRONTEND=noninteractive apt-get --yes --quiet -o Dpkg::Options::=--force-confnew install containerd >&2
dpkg --purge containerd.io >&2
cat >$config <<END
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$sandbox"
  restrict_oom_score_adj = $restrict
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/opt/cni/bin"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = true
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "/etc/containerd/certs.d"
END
cp $config /var/lib/platform/containerd-runs-with
systemctl restart containerd
systemctl start kubelet
`

// takeDebiansRuntime gives the nodes Debian's containerd 1.x, on which the platform ran before it had that of its own project.
func (c upgradeCase) takeDebiansRuntime(t *testing.T, _ map[string]any) {
	// While a worker's pods go, their network is taken down, for which the API server is asked.
	names := shop.NodeNames()
	for _, node := range slices.Backward(names) {
		onMachine(t, node, debiansRuntime)
	}
	require.Equal(t, "control-plane", names[0])
	requireWhole(t)
	assertRuntime(t, "1.")
	requireServed(t)
}

// assertRuntime looks at what every kubelet says of its container runtime. Builds tell their version with or without a v.
func assertRuntime(t *testing.T, version string) {
	t.Helper()
	for _, node := range labtest.Get[corev1.NodeList](t, shop, "nodes").Items {
		told := strings.Replace(node.Status.NodeInfo.ContainerRuntimeVersion, "://v", "://", 1)
		assert.True(t, strings.HasPrefix(told, "containerd://"+version), "%s runs on %s instead of %s", node.Name, told, version)
	}
}

// containers are those of static pods and DaemonSets, which stay on a node that is emptied, by pod and name.
func containers(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, pod := range labtest.Get[corev1.PodList](t, shop, "pods", "-n", "kube-system").Items {
		if !slices.ContainsFunc(pod.OwnerReferences, func(o metav1.OwnerReference) bool { return o.Kind == "Node" || o.Kind == "DaemonSet" }) {
			continue
		}
		for _, status := range pod.Status.ContainerStatuses {
			found[pod.Name+"/"+status.Name] = status.ContainerID
		}
	}
	require.NotEmpty(t, found)
	return found
}

// watchTurns looks at the nodes until the function that it returns is called. That tells in which order they were closed for pods,
// and which were closed or not ready at one time.
func watchTurns(t *testing.T) func() (order, together []string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var order, together []string
	var running sync.WaitGroup
	running.Go(func() {
		ticker := time.NewTicker(300 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			nodes, err := look[corev1.NodeList](ctx, "nodes")
			if err != nil {
				continue // the API server may be away
			}
			var away []string
			for _, node := range nodes.Items {
				if node.Spec.Unschedulable && !slices.Contains(order, node.Name) {
					order = append(order, node.Name)
				}
				if node.Spec.Unschedulable || !nodeReady(node) {
					away = append(away, node.Name)
				}
			}
			if len(away) > 1 {
				together = append(together, fmt.Sprint(away))
			}
		}
	})
	end := func() (_, _ []string) {
		stop()
		running.Wait()
		return order, together
	}
	t.Cleanup(func() { end() })
	return end
}

func nodeReady(node corev1.Node) bool {
	return slices.ContainsFunc(node.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	})
}
