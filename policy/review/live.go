package review

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// Kubeconfig is the environment variable that names a kubeconfig of the running cluster, whose user may list nodes and pods.
const Kubeconfig = "PLATFORM_KUBECONFIG"

// answers is how long the API server may take for each of the two lists.
const answers = 15 * time.Second

// observed is what the API server of the running cluster says.
type observed struct {
	nodes []corev1.Node
	pods  []corev1.Pod
}

// ask asks the running cluster for its nodes and pods, if there is a kubeconfig to ask it with; nil where there is none.
func (r Running) ask(ctx context.Context) (*observed, error) {
	if r.Kubeconfig == "" {
		return nil, nil
	}
	failed := func(err error) error { return fmt.Errorf("%s %q: %w", Kubeconfig, r.Kubeconfig, err) }
	config, err := clientcmd.BuildConfigFromFlags("", r.Kubeconfig)
	if err != nil {
		return nil, failed(err)
	}
	config.Timeout = answers
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, failed(err)
	}
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, failed(err)
	}
	pods, err := client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, failed(err)
	}
	return &observed{nodes.Items, pods.Items}, nil
}
