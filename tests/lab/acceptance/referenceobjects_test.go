package acceptance_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// schedule makes the nodes and then the pods, one after the other, each when the one before is decided, or has the controller
// manager make them. It returns the scenario with all its pods.
func (r *reference) schedule(t *testing.T, s scenario) scenario {
	t.Helper()
	nodes, pods := r.client.CoreV1().Nodes(), r.client.CoreV1().Pods("default")
	for _, node := range s.Nodes {
		_, err := nodes.Create(t.Context(), node, metav1.CreateOptions{})
		require.NoError(t, err)
	}
	r.probe(t, s.Nodes[len(s.Nodes)-1].Name)
	for _, pod := range s.Pods {
		_, err := pods.Create(t.Context(), pod, metav1.CreateOptions{})
		require.NoError(t, err, pod.Name)
		r.awaitDecision(t, pod.Name)
	}
	wanted := 0
	for _, deployment := range s.Deployments {
		_, err := r.client.AppsV1().Deployments("default").Create(t.Context(), deployment, metav1.CreateOptions{})
		require.NoError(t, err, deployment.Name)
		wanted += int(*deployment.Spec.Replicas)
	}
	if wanted > 0 {
		s.Pods = r.made(t, wanted)
		sets, err := r.client.AppsV1().ReplicaSets("default").List(t.Context(), metav1.ListOptions{})
		require.NoError(t, err)
		for i := range sets.Items {
			s.ReplicaSets = append(s.ReplicaSets, &sets.Items[i])
		}
	}
	return s
}

// made returns the pods that the controller manager makes, in their order and without what the scheduler adds to them.
func (r *reference) made(t *testing.T, wanted int) []*corev1.Pod {
	t.Helper()
	require.True(t, r.await(t, decision, func(pods map[string]*corev1.Pod) bool { return len(pods) == wanted }), "no %d pods are made", wanted)
	r.mu.Lock()
	names := slices.DeleteFunc(slices.Clone(r.arrived), func(name string) bool { return r.pods[name] == nil })
	r.mu.Unlock()
	var made []*corev1.Pod
	for _, name := range names {
		r.awaitDecision(t, name)
		r.mu.Lock()
		pod := r.pods[name].DeepCopy()
		r.mu.Unlock()
		pod.Spec.NodeName, pod.Status = "", corev1.PodStatus{}
		made = append(made, pod)
	}
	return made
}

// observe tells where pods are. One that was given up is tried again when others are bound, so the pods that are expected to
// find a node are given the time for that.
func (r *reference) observe(t *testing.T, s scenario, expected map[string]string) observation {
	t.Helper()
	r.await(t, backoff, func(pods map[string]*corev1.Pod) bool {
		for name := range expected {
			if pods[name].Spec.NodeName == "" {
				return false
			}
		}
		return true
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	observed := observation{nodes: map[string]string{}, reasons: map[string]string{}}
	for _, pod := range s.Pods {
		if now := r.pods[pod.Name]; now.Spec.NodeName != "" {
			observed.nodes[pod.Name] = now.Spec.NodeName
		} else {
			observed.reasons[pod.Name] = refusal(now)
		}
	}
	for _, name := range r.bound {
		if observed.nodes[name] != "" {
			observed.order = append(observed.order, name)
		}
	}
	return observed
}

func (r *reference) awaitDecision(t *testing.T, name string) {
	t.Helper()
	require.True(t, r.await(t, decision, func(pods map[string]*corev1.Pod) bool {
		pod := pods[name]
		return pod != nil && (pod.Spec.NodeName != "" || refusal(pod) != "")
	}), "the scheduler says nothing about %s", name)
}

// refusal is why the scheduler has no node for a pod.
func refusal(pod *corev1.Pod) string {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			return condition.Message
		}
	}
	return ""
}

// probe waits until the scheduler knows the node: a pod that may run nowhere else is bound to it.
func (r *reference) probe(t *testing.T, node string) {
	t.Helper()
	const name = "probe"
	_, err := r.client.CoreV1().Pods("default").Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PodSpec{
			Containers:  []corev1.Container{{Name: "main", Image: "registry.example/main:1"}},
			Tolerations: []corev1.Toleration{{Operator: corev1.TolerationOpExists}},
			Affinity: &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
				RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
					MatchFields: []corev1.NodeSelectorRequirement{{Key: metav1.ObjectNameField, Operator: corev1.NodeSelectorOpIn, Values: []string{node}}},
				}}},
			}},
		},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	require.True(t, r.await(t, decision, func(pods map[string]*corev1.Pod) bool {
		return pods[name] != nil && pods[name].Spec.NodeName != ""
	}), "the scheduler does not know %s", node)
	r.remove(t, name)
}

func (r *reference) remove(t *testing.T, names ...string) {
	t.Helper()
	now := int64(0)
	for _, name := range names {
		err := r.client.CoreV1().Pods("default").Delete(t.Context(), name, metav1.DeleteOptions{GracePeriodSeconds: &now})
		if !apierrors.IsNotFound(err) {
			require.NoError(t, err)
		}
	}
	require.True(t, r.await(t, decision, func(pods map[string]*corev1.Pod) bool {
		for _, name := range names {
			if pods[name] != nil {
				return false
			}
		}
		return true
	}), "pods are not deleted: %v", names)
}

// clear leaves an empty cluster.
func (r *reference) clear(t *testing.T, s scenario) {
	t.Helper()
	r.withdraw(t, s.Deployments)
	names := make([]string, len(s.Pods))
	for i, pod := range s.Pods {
		names[i] = pod.Name
	}
	r.remove(t, names...)
	r.mu.Lock()
	r.bound, r.arrived = nil, nil
	r.mu.Unlock()
	for _, node := range s.Nodes {
		require.NoError(t, r.client.CoreV1().Nodes().Delete(t.Context(), node.Name, metav1.DeleteOptions{}))
	}
}

// withdraw deletes Deployments, and waits until nothing makes pods of them any more.
func (r *reference) withdraw(t *testing.T, deployments []*appsv1.Deployment) {
	t.Helper()
	if len(deployments) == 0 {
		return
	}
	orphans, background := metav1.DeletePropagationOrphan, metav1.DeletePropagationBackground
	sets := r.client.AppsV1().ReplicaSets("default")
	for _, deployment := range deployments {
		require.NoError(t, r.client.AppsV1().Deployments("default").Delete(t.Context(), deployment.Name, metav1.DeleteOptions{PropagationPolicy: &background}))
	}
	// Their pods are orphans, so that nothing but this test deletes them.
	require.NoError(t, sets.DeleteCollection(t.Context(), metav1.DeleteOptions{PropagationPolicy: &orphans}, metav1.ListOptions{}))
	require.Eventually(t, func() bool {
		left, err := sets.List(t.Context(), metav1.ListOptions{})
		return err == nil && len(left.Items) == 0
	}, decision, 20*time.Millisecond, "ReplicaSets are not deleted")
}
