package review

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"ecommerce-platform/policy/placement"
)

// Kubeconfig is the environment variable that names a kubeconfig of the running cluster, whose user may list nodes and pods.
const Kubeconfig = "PLATFORM_KUBECONFIG"

// answers is how long the API server may take for each of the two lists.
const answers = 15 * time.Second

// observe puts the pods where the running cluster has them, if there is a kubeconfig to ask it with.
func (r Running) observe(ctx context.Context, running *placement.Simulation) error {
	if r.Kubeconfig == "" || running == nil {
		return nil
	}
	failed := func(err error) error { return fmt.Errorf("%s %q: %w", Kubeconfig, r.Kubeconfig, err) }
	config, err := clientcmd.BuildConfigFromFlags("", r.Kubeconfig)
	if err != nil {
		return failed(err)
	}
	config.Timeout = answers
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return failed(err)
	}
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return failed(err)
	}
	pods, err := client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return failed(err)
	}
	return running.Observe(nodes.Items, pods.Items)
}
