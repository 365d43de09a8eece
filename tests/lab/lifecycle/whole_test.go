//go:build lab

package lifecycle

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/tests/lab/labtest"
)

const namespace = "ecommerce"

// requireWhole waits until the platform is complete: its nodes and no others, all ready, every pod ready, and on every node the
// routes to the other nodes' pods and no others.
func requireWhole(t *testing.T) {
	t.Helper()
	labtest.Eventually(t, 6*time.Minute, func() error {
		for _, check := range []func(context.Context) error{checkNodes, checkPods, checkRoutes} {
			if err := check(t.Context()); err != nil {
				return err
			}
		}
		return nil
	})
}

// look reads an object or a list, where the API server may just not answer.
func look[T any](ctx context.Context, args ...string) (T, error) {
	var object T
	text, err := shop.TryKubectl(ctx, append([]string{"get", "-o", "json", "--request-timeout", "10s"}, args...)...)
	if err == nil {
		err = json.Unmarshal([]byte(text), &object)
	}
	return object, err
}

func checkNodes(ctx context.Context) error {
	nodes, err := look[corev1.NodeList](ctx, "nodes")
	if err != nil {
		return err
	}
	var names []string
	for _, node := range nodes.Items {
		names = append(names, node.Name)
		if node.Spec.Unschedulable {
			return fmt.Errorf("node %s: cordoned", node.Name)
		}
		for _, condition := range node.Status.Conditions {
			if condition.Type == corev1.NodeReady && condition.Status != corev1.ConditionTrue {
				return fmt.Errorf("node %s: not ready: %s", node.Name, condition.Message)
			}
		}
	}
	if !slices.Equal(names, shop.NodeNames()) {
		return fmt.Errorf("nodes: %v instead of %v", names, shop.NodeNames())
	}
	return nil
}

func checkPods(ctx context.Context) error {
	deployments, err := look[appsv1.DeploymentList](ctx, "deployments", "--all-namespaces")
	if err != nil {
		return err
	}
	for _, d := range deployments.Items {
		if d.Status.ReadyReplicas != *d.Spec.Replicas || d.Status.Replicas != *d.Spec.Replicas {
			return fmt.Errorf("deployment %s: %d of %d pods are ready, of %d", d.Name, d.Status.ReadyReplicas, *d.Spec.Replicas, d.Status.Replicas)
		}
	}
	pods, err := look[corev1.PodList](ctx, "pods", "--all-namespaces")
	if err != nil {
		return err
	}
	for _, pod := range pods.Items {
		if pod.DeletionTimestamp != nil {
			return fmt.Errorf("pod %s: still ending on %s", pod.Name, pod.Spec.NodeName)
		}
		if !isReady(pod) {
			return fmt.Errorf("pod %s on %s: %s, not ready", pod.Name, pod.Spec.NodeName, pod.Status.Phase)
		}
	}
	return nil
}

func isReady(pod corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// blockList are the parts of the pod network, each of one node.
type blockList struct {
	Items []struct {
		Spec struct {
			Cidr     netip.Prefix
			Affinity string
		}
	}
}

// blocks are the nodes' parts of the pod network, by their address block.
func blocks(ctx context.Context) (map[string]string, error) {
	list, err := look[blockList](ctx, "ipamblocks.crd.projectcalico.org")
	owners := map[string]string{}
	for _, block := range list.Items {
		owners[block.Spec.Cidr.String()] = strings.TrimPrefix(block.Spec.Affinity, "host:")
	}
	return owners, err
}

var learned = regexp.MustCompile(`(?m)^(\S+) via (\S+) dev (\S+)`)

// checkRoutes compares what each node has learned of the others with what there is to learn.
func checkRoutes(ctx context.Context) error {
	owners, err := blocks(ctx)
	if err != nil {
		return err
	}
	for block, owner := range owners {
		if shop.Addresses[owner] == "" {
			return fmt.Errorf("block %s: belongs to %q, which is no node", block, owner)
		}
	}
	for _, node := range shop.NodeNames() {
		want := map[string]string{}
		for block, owner := range owners {
			if owner != node {
				want[block] = shop.Addresses[owner]
			}
		}
		text, err := shop.OnMachine(ctx, node, "ip", "route", "show", "proto", "bird")
		if err != nil {
			return err
		}
		got := map[string]string{}
		for _, route := range learned.FindAllStringSubmatch(text, -1) {
			got[route[1]] = route[2]
		}
		if !maps.Equal(want, got) {
			return fmt.Errorf("routes of %s: %v instead of %v", node, got, want)
		}
	}
	return nil
}

// podsOf are the pods of a tier.
func podsOf(t *testing.T, tier string) []corev1.Pod {
	t.Helper()
	return labtest.Get[corev1.PodList](t, shop, "pods", "-n", namespace, "-l", "app.kubernetes.io/name="+tier).Items
}

// spread counts pods by node.
func spread(pods []corev1.Pod) map[string]int {
	count := map[string]int{}
	for _, pod := range pods {
		count[pod.Spec.NodeName]++
	}
	return count
}
