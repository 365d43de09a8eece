//go:build lab && lifecycle

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/tests/lab/labtest"
	"ecommerce-platform/tests/lab/load"
	"ecommerce-platform/tests/lab/machines"
)

// watched is the namespace of what watches the platform.
const watched = "monitoring"

// TestMonitoring turns the monitoring on beside a shop that serves, sees every target answer, an alert arrive and end, and turns it off.
func TestMonitoring(t *testing.T) {
	defer backToTheShop(t)
	steady := load.Start(t.Context(), load.Options{PerSecond: 10, Timeout: 10 * time.Second, Ask: func(ctx context.Context, client *http.Client) error {
		return load.Get(ctx, client, fmt.Sprint(shop.Outputs["frontendUrl"])+"/data"+unique())
	}})
	defer func() {
		report := steady.Stop()
		assert.Zero(t, report.Lost, report)
	}()
	alerts, hook := receiveAlerts(t)
	require.NoError(t, shop.Stack.SetSecret(t.Context(), "alerting", fmt.Sprintf(`{"webhook":%q}`, hook)))
	defer func() { require.NoError(t, shop.Stack.SetSecret(context.WithoutCancel(t.Context()), "alerting", "{}")) }()
	require.NoError(t, shop.Set(t.Context(), map[string]any{"monitoring": map[string]any{"enabled": true}}))
	_, err := shop.Stack.Up(t.Context())
	require.NoError(t, err)

	t.Run("everything answers that is asked", func(t *testing.T) {
		want := map[string]float64{
			"node-exporter": 3, "kubelet": 3, "cadvisor": 3, "apiserver": 1, "etcd": 1, "calico": 3, "coredns": 2,
			"kube-state-metrics": 1, "victoria-metrics": 1, "vmalert": 1, "alertmanager": 1, "victoria-logs": 1, "vlagent": 3, "backend": 3,
		}
		labtest.Eventually(t, 3*time.Minute, func() error {
			answer, err := query(t, "sum(up) by (job)")
			if err != nil {
				return err
			}
			for job, count := range want {
				if answer[job] != count {
					err = errors.Join(err, fmt.Errorf("%v of %v answer for %s", answer[job], count, job))
				}
			}
			return err
		})
	})
	t.Run("on a platform that is well no alert fires", func(t *testing.T) {
		firing := func() error {
			// The machines' disk is this one's, which may be full of other things.
			alerts, err := query(t, `label_copy(ALERTS{alertstate="firing",alertname!="NodeDiskNearlyFull"}, "alertname", "job")`)
			if err == nil && len(alerts) > 0 {
				err = fmt.Errorf("alerts: %v", slices.Sorted(maps.Keys(alerts)))
			}
			return err
		}
		// What began while it all started ends, and then there is none for a minute.
		quiet := time.Now().Add(time.Minute)
		labtest.Eventually(t, 5*time.Minute, func() error {
			if err := firing(); err != nil {
				quiet = time.Now().Add(time.Minute)
				return err
			}
			if time.Now().Before(quiet) {
				return errors.New("not watched for a minute")
			}
			return nil
		})
	})
	t.Run("it takes little memory", func(t *testing.T) {
		var pods map[string]float64
		labtest.Eventually(t, 2*time.Minute, func() (err error) {
			pods, err = query(t, `label_copy(sum by (container) (container_memory_working_set_bytes{namespace="monitoring",container!=""}), "container", "job")`)
			if err == nil && len(pods) != 5 {
				err = fmt.Errorf("kubelets tell of %v", pods)
			}
			return err
		})
		var sum float64
		for name, bytes := range pods {
			t.Logf("%s: %.0f MiB", name, bytes/(1<<20))
			sum += bytes
		}
		t.Logf("together: %.0f MiB", sum/(1<<20))
		assert.Less(t, sum, float64(512<<20))
	})
	t.Run("the same again changes nothing", func(t *testing.T) {
		again, err := shop.Stack.Up(t.Context())
		require.NoError(t, err)
		assert.Empty(t, again.Describe())
	})
	t.Run("an alert arrives, and its end", func(t *testing.T) {
		shop.Kubectl(t, "scale", "-n", watched, "deployment/kube-state-metrics", "--replicas=0")
		const name = "KubeStateMetricsDown"
		alerts.await(t, "firing", name)
		shop.Kubectl(t, "scale", "-n", watched, "deployment/kube-state-metrics", "--replicas=1")
		alerts.await(t, "resolved", name)
	})
	t.Run("logs are in one place", testLogs)
	t.Run("nobody in the shop reaches it", func(t *testing.T) {
		pod := watcher(t, "victoria-metrics")
		_, err := shop.TryKubectl(t.Context(), "exec", "-n", namespace, podsOf(t, "frontend")[0].Name, "--",
			"curl", "--silent", "--max-time", "3", "http://"+pod.Status.PodIP+":8428/health")
		require.ErrorContains(t, err, "exit code 28")
	})
	t.Run("turned off, nothing of it is left", func(t *testing.T) {
		require.NoError(t, shop.Stack.SetSecret(t.Context(), "alerting", "{}"))
		require.NoError(t, shop.Set(t.Context(), nil))
		_, err := shop.Stack.Up(t.Context())
		require.NoError(t, err)
		_, err = shop.TryKubectl(t.Context(), "get", "namespace", watched)
		require.ErrorContains(t, err, "NotFound")
		assert.Empty(t, shop.Kubectl(t, "get", "clusterroles,clusterrolebindings", "-o", "name", "-l", "app.kubernetes.io/component=monitoring"))
		assert.NotContains(t, shop.Kubectl(t, "get", "felixconfiguration", "default", "-o", "yaml"), "prometheusMetricsEnabled: true")
		manifest, err := shop.OnMachine(t.Context(), "control-plane", "cat", "/etc/kubernetes/manifests/etcd.yaml")
		require.NoError(t, err)
		assert.Contains(t, manifest, "--listen-metrics-urls=http://127.0.0.1:2381\n")
		sendsNoLogs(t)
	})
}

// watcher is the one pod of a program that watches.
func watcher(t *testing.T, name string) corev1.Pod {
	t.Helper()
	pods := labtest.Get[corev1.PodList](t, shop.Lab, "pods", "-n", watched, "-l", "app.kubernetes.io/name="+name).Items
	require.Len(t, pods, 1, name)
	return pods[0]
}

// query asks VictoriaMetrics from the node of its pod, as a port-forward does, and returns values by job.
func query(t *testing.T, expression string) (map[string]float64, error) {
	t.Helper()
	pod := watcher(t, "victoria-metrics")
	text, err := shop.OnMachine(t.Context(), pod.Spec.NodeName, "curl", "--silent", "--fail", "--max-time", "5",
		"http://"+pod.Status.PodIP+":8428/api/v1/query?query="+url.QueryEscape(expression))
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		return nil, fmt.Errorf("%w: %s", err, text)
	}
	values := map[string]float64{}
	for _, series := range answer.Data.Result {
		var value float64
		if _, err := fmt.Sscan(fmt.Sprint(series.Value[1]), &value); err != nil {
			return nil, err
		}
		values[series.Metric["job"]] = value
	}
	return values, nil
}

// received are alerts as they come: the status of each by its name.
type received chan [2]string

// receiveAlerts is a receiver on this machine, where nodes reach it as they reach the internet.
func receiveAlerts(t *testing.T) (received, string) {
	t.Helper()
	host, err := machines.HostAddress(options.VpcCidr)
	require.NoError(t, err)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", net.JoinHostPort(host.String(), "0"))
	require.NoError(t, err)
	alerts := make(received, 100)
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		var message struct {
			Alerts []struct {
				Status string
				Labels map[string]string
			}
		}
		body, err := io.ReadAll(request.Body)
		if err == nil {
			err = json.Unmarshal(body, &message)
		}
		if err != nil {
			t.Errorf("what arrived is no alert: %v: %s", err, body)
		}
		for _, alert := range message.Alerts {
			alerts <- [2]string{alert.Status, alert.Labels["alertname"]}
		}
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return alerts, "http://" + listener.Addr().String() + "/alerts"
}

// await waits until an alert of this name arrives with this status.
func (r received) await(t *testing.T, status, name string) {
	t.Helper()
	limit := time.After(10 * time.Minute)
	var others []string
	for {
		select {
		case alert := <-r:
			if alert == [2]string{status, name} {
				return
			}
			others = append(others, strings.Join(alert[:], " "))
		case <-limit:
			t.Fatalf("%s is not %s within 10 minutes, but: %s", name, status, strings.Join(others, ", "))
		}
	}
}
