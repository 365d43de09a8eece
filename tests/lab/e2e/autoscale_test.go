//go:build lab && lifecycle

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"

	"ecommerce-platform/tests/lab/labtest"
	"ecommerce-platform/tests/lab/load"
)

const (
	fewestBackends = 2
	// mostBackends is as many as their node has room for, with metrics-server beside them.
	mostBackends = 4
)

// TestAutoscale turns metrics-server and the backend's autoscaler on, under requests that all have to be answered, and off again.
func TestAutoscale(t *testing.T) {
	defer backToTheShop(t)
	url := fmt.Sprint(shop.Outputs["frontendUrl"])
	read := func(ctx context.Context, client *http.Client) error {
		return load.Get(ctx, client, url+"/data"+unique())
	}
	// Run alone, this is the first that asks for anything: the database may just have got its tables.
	labtest.Eventually(t, time.Minute, func() error { return read(t.Context(), http.DefaultClient) })
	steady := load.Start(t.Context(), load.Options{Ask: read, PerSecond: 10, Timeout: 10 * time.Second})
	defer func() {
		report := steady.Stop()
		assert.Zero(t, report.Lost, report)
	}()

	declared := watchReplicas(t)
	scaled := map[string]any{
		"metricsServer": true,
		"backend": map[string]any{"autoscale": map[string]any{
			"min": fewestBackends, "max": mostBackends, "cpu": 25, "stabilizationWindowSeconds": 15,
		}},
	}
	require.NoError(t, shop.Set(t.Context(), scaled))
	_, err := shop.Stack.Up(t.Context())
	require.NoError(t, err)
	for _, replicas := range declared() {
		assert.GreaterOrEqual(t, replicas, fewestBackends, "it never falls to what Kubernetes takes where nothing is declared")
	}

	t.Run("nodes and pods tell what they use", func(t *testing.T) {
		// A pod has metrics when its kubelet was asked twice, each in its own time.
		labtest.Eventually(t, 2*time.Minute, func() error {
			nodes, err := shop.TryKubectl(t.Context(), "top", "nodes", "--no-headers")
			if err == nil && strings.Count(nodes, "\n") != len(shop.Addresses) {
				err = fmt.Errorf("not every node tells: %s", nodes)
			}
			return err
		})
		labtest.Eventually(t, 2*time.Minute, func() error {
			pods, err := shop.TryKubectl(t.Context(), "top", "pods", "-n", namespace, "--no-headers")
			if err != nil {
				return err
			}
			for _, tier := range tiers {
				if !strings.Contains(pods, tier+"-") {
					return fmt.Errorf("no pod of %s tells: %s", tier, pods)
				}
			}
			return nil
		})
	})
	t.Run("nothing of it is taken without proof", func(t *testing.T) {
		api := shop.Kubectl(t, "get", "apiservice", "v1beta1.metrics.k8s.io", "-o", "jsonpath={.spec.insecureSkipTLSVerify} {.status.conditions[?(@.type=='Available')].status}")
		assert.Equal(t, " True", api)
		arguments := shop.Kubectl(t, "get", "deployment", "-n", "kube-system", "metrics-server", "-o", "jsonpath={.spec.template.spec.containers[0].args}")
		assert.NotContains(t, arguments, "insecure")
	})
	t.Run("without load there are the fewest pods", func(t *testing.T) { eventuallyBackends(t, fewestBackends, fewestBackends) })
	t.Run("under load more come", func(t *testing.T) {
		more, stop := context.WithCancel(t.Context())
		var report *load.Report
		var ended error
		var busy sync.WaitGroup
		busy.Go(func() {
			report, ended = load.Measure(more, load.Options{Ask: read, Timeout: 10 * time.Second}, load.Bounds{Clients: 24, Duration: 6 * time.Minute})
		})
		defer func() {
			stop()
			busy.Wait()
			if !errors.Is(ended, context.Canceled) {
				require.NoError(t, ended)
			}
			require.NotNil(t, report)
			assert.Zero(t, report.Lost, report)
		}()
		eventuallyBackends(t, fewestBackends+1, mostBackends)
		again, err := shop.Stack.Up(t.Context())
		require.NoError(t, err)
		assert.Empty(t, again.Describe(), "an update has nothing to do with how many there are")
		assert.Greater(t, len(podsOf(t, "backend")), fewestBackends)
	})
	t.Run("after it they go", func(t *testing.T) { eventuallyBackends(t, fewestBackends, fewestBackends) })
	t.Run("turned off, there are as many as declared", func(t *testing.T) {
		require.NoError(t, shop.Set(t.Context(), nil))
		_, err := shop.Stack.Up(t.Context())
		require.NoError(t, err)
		eventuallyBackends(t, 3, 3)
		_, err = shop.TryKubectl(t.Context(), "top", "nodes")
		require.ErrorContains(t, err, "Metrics API not available")
	})
}

// eventuallyBackends waits until so many pods of the backend are ready, and no other one is there.
func eventuallyBackends(t *testing.T, least, most int) {
	t.Helper()
	labtest.Eventually(t, 5*time.Minute, func() error {
		pods := podsOf(t, "backend")
		for _, pod := range pods {
			if !isReady(pod) || pod.DeletionTimestamp != nil {
				return fmt.Errorf("pod %s comes or goes", pod.Name)
			}
		}
		if len(pods) < least || len(pods) > most {
			return fmt.Errorf("%d pods, not %d to %d: %s", len(pods), least, most, shop.Kubectl(t, "get", "hpa", "-n", namespace))
		}
		return nil
	})
}

// watchReplicas notes how many pods the backend's Deployment asks for, until what it returns is called.
func watchReplicas(t *testing.T) func() []int {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var seen []int
	var watch sync.WaitGroup
	watch.Go(func() {
		for ctx.Err() == nil {
			deployment := appsv1.Deployment{}
			text, err := shop.TryKubectl(ctx, "get", "deployment", "-n", namespace, "backend", "-o", "json")
			if err == nil {
				err = json.Unmarshal([]byte(text), &deployment)
			}
			if err == nil {
				seen = append(seen, int(*deployment.Spec.Replicas))
			}
			timer := time.NewTimer(200 * time.Millisecond)
			select {
			case <-ctx.Done():
			case <-timer.C:
			}
		}
	})
	return func() []int {
		stop()
		watch.Wait()
		require.NotEmpty(t, seen)
		return seen
	}
}
