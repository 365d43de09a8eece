package corpus_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"ecommerce-platform/tests/lab/controlplane"
)

// decision is how long the scheduler may take over a scenario on a busy machine.
const decision = 2 * time.Minute

// backoff is longer than the scheduler waits before it tries a pod again.
const backoff = 3 * time.Second

// observation is what the real scheduler did: the node of each pod, or why it has none.
type observation struct {
	nodes, reasons map[string]string
	// order is the pods in the order in which they were bound.
	order []string
}

// reference is a real control plane that schedules scenarios, one after the other.
type reference struct {
	client *kubernetes.Clientset

	mu sync.Mutex
	// pods are the pods that there are, as the API server last told, and bound their order.
	pods    map[string]*corev1.Pod
	bound   []string
	changed chan struct{}
}

func newReference(t *testing.T, cluster *controlplane.Cluster) *reference {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", cluster.Kubeconfig)
	require.NoError(t, err)
	config.QPS, config.Burst = 2000, 2000
	r := &reference{pods: map[string]*corev1.Pod{}, changed: make(chan struct{}, 1)}
	r.client, err = kubernetes.NewForConfig(config)
	require.NoError(t, err)
	events, err := r.client.CoreV1().Pods("default").Watch(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	t.Cleanup(events.Stop)
	go r.follow(events)
	return r
}

func (r *reference) follow(events watch.Interface) {
	for event := range events.ResultChan() {
		pod, ok := event.Object.(*corev1.Pod)
		if !ok {
			continue
		}
		r.mu.Lock()
		before := r.pods[pod.Name]
		switch {
		case event.Type == watch.Deleted:
			delete(r.pods, pod.Name)
		default:
			r.pods[pod.Name] = pod
			if pod.Spec.NodeName != "" && (before == nil || before.Spec.NodeName == "") {
				r.bound = append(r.bound, pod.Name)
			}
		}
		r.mu.Unlock()
		select {
		case r.changed <- struct{}{}:
		default:
		}
	}
}

// await waits until the pods, as the API server last told, satisfy the condition, and tells whether they did in time.
func (r *reference) await(t *testing.T, limit time.Duration, condition func(pods map[string]*corev1.Pod) bool) bool {
	t.Helper()
	timeout := time.After(limit)
	for {
		r.mu.Lock()
		done := condition(r.pods)
		r.mu.Unlock()
		if done {
			return true
		}
		select {
		case <-r.changed:
		case <-timeout:
			return false
		}
	}
}

// schedule makes the nodes and then the pods, one after the other, each when the one before is decided.
func (r *reference) schedule(t *testing.T, s scenario) {
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
		require.NoError(t, r.client.CoreV1().Pods("default").Delete(t.Context(), name, metav1.DeleteOptions{GracePeriodSeconds: &now}))
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
	names := make([]string, len(s.Pods))
	for i, pod := range s.Pods {
		names[i] = pod.Name
	}
	r.remove(t, names...)
	r.mu.Lock()
	r.bound = nil
	r.mu.Unlock()
	for _, node := range s.Nodes {
		require.NoError(t, r.client.CoreV1().Nodes().Delete(t.Context(), node.Name, metav1.DeleteOptions{}))
	}
}
