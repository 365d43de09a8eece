//go:build lab

package e2e

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/tests/lab/labtest"
)

// The specification's nodes.
var nodeNames = []string{"control-plane", "worker-node-1", "worker-node-2"}

func TestNodes(t *testing.T) {
	labels := map[string]map[string]string{
		"control-plane": {"node-role.kubernetes.io/control-plane": ""},
		"worker-node-1": {"node-role.kubernetes.io/worker": "", "tier": "frontend", "storage": "ssd"},
		"worker-node-2": {"node-role.kubernetes.io/worker": "", "tier": "backend", "storage": "hdd"},
	}
	nodes := labtest.Get[corev1.NodeList](t, shop.Lab, "nodes").Items
	names := []string{}
	for _, node := range nodes {
		names = append(names, node.Name)
		t.Run(node.Name, func(t *testing.T) {
			assert.Subset(t, node.Labels, labels[node.Name])
			assert.Contains(t, node.Status.Addresses, corev1.NodeAddress{Type: corev1.NodeInternalIP, Address: shop.Addresses[node.Name]})
			assert.Equal(t, "v"+versions.All.Kubernetes.New().Version, node.Status.NodeInfo.KubeletVersion)
			ready := corev1.ConditionUnknown
			for _, condition := range node.Status.Conditions {
				if condition.Type == corev1.NodeReady {
					ready = condition.Status
				}
			}
			assert.Equal(t, corev1.ConditionTrue, ready, "%v", node.Status.Conditions)
		})
	}
	assert.Equal(t, nodeNames, names)
}

func TestCoreDNS(t *testing.T) {
	service := labtest.Get[corev1.Service](t, shop.Lab, "service", "kube-dns", "-n", "kube-system")
	assert.Equal(t, "10.96.0.10", service.Spec.ClusterIP)
	pods := labtest.Get[corev1.PodList](t, shop.Lab, "pods", "-n", "kube-system", "-l", "k8s-app=kube-dns").Items
	assert.Len(t, pods, 2)
	nodes := map[string]bool{}
	for _, pod := range pods {
		assert.True(t, isReady(pod), pod.Name)
		nodes[pod.Spec.NodeName] = true
	}
	assert.Equal(t, map[string]bool{"worker-node-1": true, "worker-node-2": true}, nodes, "names resolve without the control plane")
}

func isReady(pod corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

// pool is Calico's crd.projectcalico.org/v1 IPPool, as far as it matters here.
type pool struct {
	Spec struct {
		Cidr      string
		BlockSize int
		IpipMode  string
		VxlanMode string
	}
}

func TestPoolsUseNoTunnel(t *testing.T) {
	pools := labtest.Get[struct{ Items []pool }](t, shop.Lab, "ippools.crd.projectcalico.org").Items
	require.Len(t, pools, 1)
	assert.Equal(t, "192.168.0.0/16", pools[0].Spec.Cidr)
	assert.Equal(t, 26, pools[0].Spec.BlockSize)
	assert.Equal(t, "Never", pools[0].Spec.IpipMode)
	assert.Equal(t, "Never", pools[0].Spec.VxlanMode)
}

// block is the part of the pod network that a node has.
type block struct {
	Spec struct {
		Cidr     netip.Prefix
		Affinity string
	}
}

var tunnel = regexp.MustCompile(`\b(tunl0|vxlan\.calico|wireguard\.cali)\b`)

func TestRoutesToEveryOtherNodeAreNative(t *testing.T) {
	blocks := labtest.Get[struct{ Items []block }](t, shop.Lab, "ipamblocks.crd.projectcalico.org").Items
	owners := map[string]bool{}
	for _, node := range nodeNames {
		t.Run(node, func(t *testing.T) {
			routes, err := shop.OnMachine(t.Context(), node, "ip", "route")
			require.NoError(t, err)
			assert.NotRegexp(t, tunnel, routes)
			bird, err := shop.OnMachine(t.Context(), node, "ip", "route", "show", "proto", "bird")
			require.NoError(t, err)
			for _, b := range blocks {
				owner := strings.TrimPrefix(b.Spec.Affinity, "host:")
				owners[owner] = true
				if owner == node {
					continue
				}
				assert.Contains(t, bird, fmt.Sprintf("%s via %s dev ", b.Spec.Cidr, shop.Addresses[owner]))
			}
		})
	}
	assert.Len(t, owners, len(nodeNames), "every node has a block")
}

func TestMonitoringAgentIsAStaticPodOnTheFirstWorker(t *testing.T) {
	pods := labtest.Get[corev1.PodList](t, shop.Lab, "pods", "-n", "kube-system", "-l", "app.kubernetes.io/name=node-exporter").Items
	require.Len(t, pods, 1)
	pod := pods[0]
	assert.Equal(t, "worker-node-1", pod.Spec.NodeName)
	assert.Equal(t, "file", pod.Annotations["kubernetes.io/config.source"], "made by the kubelet from a file")
	assert.True(t, pod.Spec.HostPID)
	assert.True(t, isReady(pod))

	metrics, err := shop.OnMachine(t.Context(), "worker-node-2", "curl", "--silent", "--fail", "--max-time", "10",
		"http://"+shop.Addresses["worker-node-1"]+":9100/metrics")
	require.NoError(t, err)
	assert.Contains(t, metrics, "node_load1 ")
}
