package placement_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/placement"
)

// live is a pod as the API server of a running cluster lists it.
func live(namespace, controller, hash, name, node string, labels map[string]string) corev1.Pod {
	yes := true
	pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: namespace, Name: controller + "-" + hash + "-" + name, Labels: map[string]string{"pod-template-hash": hash},
		OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: controller + "-" + hash, Controller: &yes}},
	}}
	for key, value := range labels {
		pod.Labels[key] = value
	}
	pod.Spec.NodeName = node
	return pod
}

func TestPodsAreWhereTheRunningClusterHasThem(t *testing.T) {
	two := []modeltest.Change{
		modeltest.Copy("aws:ec2/instance:Instance", "worker-node-2", "worker-node-3"),
		modeltest.Set("aws:ec2/instance:Instance", "worker-node-3", "privateIp", "172.31.9.9"),
		modeltest.Copy("kubernetes:core/v1:NodePatch", "platform-worker-node-2-labels", "platform-worker-node-3-labels"),
		modeltest.Set("kubernetes:core/v1:NodePatch", "platform-worker-node-3-labels", "metadata.name", "worker-node-3"),
	}
	stack := modeltest.Dev(t, two...)
	s, err := placement.Simulate(t.Context(), stack)
	require.NoError(t, err)
	ended := live("ecommerce", "backend", "66c", "ended", "worker-node-2", nil)
	ended.Status.Phase = corev1.PodFailed
	leaving := live("ecommerce", "backend", "66c", "leaving", "worker-node-2", nil)
	leaving.DeletionTimestamp = &metav1.Time{}
	waiting := live("ecommerce", "redis", "5d4", "two", "", nil)
	waiting.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Message: "0/4 nodes are available."}}
	cordoned := corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "worker-node-1"}, Spec: corev1.NodeSpec{Unschedulable: true}}
	cordoned.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
	silent := corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "worker-node-2"}}

	require.NoError(t, s.Observe([]corev1.Node{cordoned, silent}, []corev1.Pod{
		// Two of three on one node, where a new cluster would have put one of them on the other.
		live("ecommerce", "backend", "66c", "one", "worker-node-3", nil), live("ecommerce", "backend", "66c", "two", "worker-node-3", nil),
		live("ecommerce", "backend", "66c", "three", "worker-node-2", nil), ended, leaving,
		live("other", "backend", "66c", "one", "worker-node-2", nil),
		live("ecommerce", "redis", "5d4", "one", "worker-node-3", nil), waiting,
		live("ecommerce", "frontend", "7f7", "one", "gone", nil),
		live("kube-system", "coredns", "abc", "one", "worker-node-3", map[string]string{"k8s-app": "kube-dns"}),
		live("kube-system", "coredns", "abc", "two", "worker-node-1", map[string]string{"k8s-app": "kube-dns"}),
	}))
	placed := map[string]placement.TierPlacement{}
	for _, p := range s.TierPlacements() {
		placed[p.Tier] = p
	}
	assert.Equal(t, map[string]int{"worker-node-2": 1, "worker-node-3": 2}, placed["backend"].PerNode)
	assert.Equal(t, map[string]int{"worker-node-3": 1}, placed["redis"].PerNode)
	assert.Equal(t, []string{"0/4 nodes are available."}, placed["redis"].Reasons)
	assert.Empty(t, placed["postgres"].PerNode, "the running cluster has none")
	dns := map[string]int{}
	for _, pod := range s.Cluster.Pods() {
		if pod.Labels["k8s-app"] == "kube-dns" {
			dns[pod.Spec.NodeName]++
		}
	}
	assert.Equal(t, map[string]int{"worker-node-1": 1, "worker-node-3": 1}, dns)
	gaps := modeltest.Gaps(stack)
	assert.Contains(t, gaps, "pod ecommerce/frontend-7f7-one: it runs on gone, which is no node of this stack")
	assert.Contains(t, gaps, "node worker-node-1: it is cordoned, and was taken as if it were not")
	assert.Contains(t, gaps, "node worker-node-2: it is not ready, and was taken as if it were")
	assert.NotContains(t, gaps, "node worker-node-1: it is not ready, and was taken as if it were")
	require.NoError(t, s.Cluster.Restore(s.Settled))
}
