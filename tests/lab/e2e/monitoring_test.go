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
	"sync"
	"sync/atomic"
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
	receiver := receiveAlerts(t)
	require.NoError(t, shop.Stack.SetSecret(t.Context(), "alerting", fmt.Sprintf(`{"webhook":%q}`, receiver.url)))
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
		began := time.Now()
		shop.Kubectl(t, "scale", "-n", watched, "deployment/kube-state-metrics", "--replicas=0")
		const name = "KubeStateMetricsDown"
		receiver.await(t, "firing", name, began)
		shop.Kubectl(t, "scale", "-n", watched, "deployment/kube-state-metrics", "--replicas=1")
		receiver.await(t, "resolved", name, began)
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
	found, err := place{pod.Spec.NodeName, pod.Status.PodIP + ":8428"}.ask(t.Context(), expression)
	if err != nil {
		return nil, err
	}
	values := map[string]float64{}
	for _, series := range found {
		values[series.labels["job"]] = series.value
	}
	return values, nil
}

// place is where a pod that watches answers, seen from its node.
type place struct{ node, address string }

// get asks for a path.
func (p place) get(ctx context.Context, path string) (string, error) {
	return shop.OnMachine(ctx, p.node, "curl", "--silent", "--show-error", "--fail", "--max-time", "5", "http://"+p.address+path)
}

// sample is the value of a series.
type sample struct {
	labels map[string]string
	value  float64
}

// ask has the VictoriaMetrics at this place evaluate an expression.
func (p place) ask(ctx context.Context, expression string) ([]sample, error) {
	text, err := p.get(ctx, "/api/v1/query?query="+url.QueryEscape(expression))
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
	var found []sample
	for _, series := range answer.Data.Result {
		s := sample{labels: series.Metric}
		if _, err := fmt.Sscan(fmt.Sprint(series.Value[1]), &s.value); err != nil {
			return nil, err
		}
		found = append(found, s)
	}
	return found, nil
}

// receiver takes alerts on this machine, where nodes reach it as they reach the internet.
type receiver struct {
	url string
	// refuses has it refuse everything, as one does whose key is void.
	refuses atomic.Bool

	mu     sync.Mutex
	alerts []arrived
}

// arrived is an alert that came.
type arrived struct {
	Status string
	Labels map[string]string
	at     time.Time
}

func (a arrived) name() string { return a.Labels["alertname"] }

func receiveAlerts(t *testing.T) *receiver {
	t.Helper()
	host, err := machines.HostAddress(options.VpcCidr)
	require.NoError(t, err)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", net.JoinHostPort(host.String(), "0"))
	require.NoError(t, err)
	r := &receiver{url: "http://" + listener.Addr().String() + "/alerts"}
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if r.refuses.Load() {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		if err := r.take(request.Body); err != nil {
			t.Errorf("what arrived is no alert: %v", err)
		}
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return r
}

// take notes what Alertmanager sends. https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
func (r *receiver) take(body io.Reader) error {
	var message struct{ Alerts []arrived }
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &message); err != nil {
		return fmt.Errorf("%w: %s", err, text)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, alert := range message.Alerts {
		alert.at = time.Now()
		r.alerts = append(r.alerts, alert)
	}
	return nil
}

// since are the alerts that arrived from then on with this status, the first to come first.
func (r *receiver) since(status string, from time.Time) (found []arrived) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, alert := range r.alerts {
		if alert.Status == status && !alert.at.Before(from) && !foreign(alert.Labels) {
			found = append(found, alert)
		}
	}
	return found
}

// first is the first of this name among them, nil if there is none.
func (r *receiver) first(status, name string, from time.Time) *arrived {
	for _, alert := range r.since(status, from) {
		if alert.name() == name {
			return &alert
		}
	}
	return nil
}

// names are those of the alerts that arrived from then on with this status, each once.
func (r *receiver) names(status string, from time.Time) (names []string) {
	for _, alert := range r.since(status, from) {
		names = append(names, alert.name())
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// foreign tells whether an alert is of a test's own, or about the machines' disk, which is this one's and may be full of other things.
func foreign(labels map[string]string) bool {
	return labels["alertname"] == trialName ||
		labels["alertname"] == "NodeDiskNearlyFull" && !strings.HasPrefix(labels["device"], "/dev/loop")
}

// await waits until an alert of this name arrives with this status.
func (r *receiver) await(t *testing.T, status, name string, from time.Time) {
	t.Helper()
	labtest.Eventually(t, 10*time.Minute, func() error {
		if r.first(status, name, from) == nil {
			return fmt.Errorf("%s is not %s, but: %s", name, status, strings.Join(r.names(status, from), ", "))
		}
		return nil
	})
}
