package acceptance_test

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

	"ecommerce-platform/tests/lab/controlplane/controlplanetest"
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
	// pods are the pods that there are, as the API server last told; bound and arrived are in that order.
	pods           map[string]*corev1.Pod
	bound, arrived []string
	changed        chan struct{}
}

func newReference(t *testing.T, cluster *controlplanetest.Cluster) *reference {
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
		if event.Type == watch.Deleted {
			delete(r.pods, pod.Name)
		} else {
			if before == nil {
				r.arrived = append(r.arrived, pod.Name)
			}
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
