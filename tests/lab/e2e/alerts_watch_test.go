//go:build lab && lifecycle

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"ecommerce-platform/tests/lab/toolchain"
)

// state is an alert as vmalert has it.
type state struct {
	Name, State string
	Labels      map[string]string
}

// look finds where VictoriaMetrics and vmalert are now.
func (w *watch) look(ctx context.Context) error {
	for name, found := range map[string]*place{"victoria-metrics": &w.metrics, "vmalert": &w.judge} {
		pods, err := get[corev1.PodList](ctx, "pods", "-n", watched, "-l", nameLabel+"="+name)
		if err != nil {
			return err
		}
		if len(pods.Items) != 1 || !isReady(pods.Items[0]) {
			return fmt.Errorf("%s: %d pods, or one that is not ready", name, len(pods.Items))
		}
		port := map[string]int{"victoria-metrics": 8428, "vmalert": 8880}[name]
		*found = place{pods.Items[0].Spec.NodeName, fmt.Sprintf("%s:%d", pods.Items[0].Status.PodIP, port)}
	}
	return nil
}

// ask has VictoriaMetrics evaluate an expression.
func (w *watch) ask(ctx context.Context, expression string) ([]sample, error) {
	return w.metrics.ask(ctx, expression)
}

// alerts are those that fire or are about to. https://docs.victoriametrics.com/victoriametrics/vmalert/#web
func (w *watch) alerts(ctx context.Context) (found []state, err error) {
	text, err := w.judge.get(ctx, "/api/v1/alerts")
	if err != nil {
		return nil, err
	}
	var answer struct{ Data struct{ Alerts []state } }
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		return nil, fmt.Errorf("%w: %s", err, text)
	}
	for _, alert := range answer.Data.Alerts {
		labels := map[string]string{"alertname": alert.Name, "device": alert.Labels["device"]}
		if !foreign(labels) {
			found = append(found, alert)
		}
	}
	return found, nil
}

// firing tells whether an alert of this name does.
func (w *watch) firing(ctx context.Context, name string) (bool, error) {
	active, err := w.alerts(ctx)
	for _, alert := range active {
		if alert.Name == name && alert.State == "firing" {
			return true, nil
		}
	}
	return false, err
}

// active says what fires or is about to.
func (w *watch) active(ctx context.Context) string {
	active, err := w.alerts(ctx)
	if err != nil {
		return err.Error()
	}
	said := []string{"active:"}
	for _, alert := range active {
		said = append(said, fmt.Sprintf("%s %s %v", alert.State, alert.Name, alert.Labels))
	}
	return strings.Join(said, "\n")
}

// exceptions are the names of what rules leave out for a while after it is over.
var exceptions = []string{"down", "away", "dns_away", "etcd_away", "cut_off", "routes_lost"}

// exceptionsOf are expressions that find something while the rule of an alert leaves it out.
func exceptionsOf(t *testing.T, alert string) (found []string) {
	t.Helper()
	for _, path := range ruleFiles(t) {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		var file struct {
			Groups []struct {
				Rules []struct{ Alert, Expr string }
			}
		}
		require.NoError(t, yaml.Unmarshal(text, &file))
		for _, group := range file.Groups {
			for _, rule := range group.Rules {
				templates, _, ok := strings.Cut(rule.Expr, "\n)\n")
				if rule.Alert != alert || !ok {
					continue
				}
				for _, name := range exceptions {
					if strings.Contains(templates, "\n  "+name+" = ") {
						found = append(found, templates+"\n)\n"+name)
					}
				}
			}
		}
	}
	return found
}

func ruleFiles(t *testing.T) []string {
	t.Helper()
	directory, err := toolchain.Source("..", "..", "workloads", "monitoring", "rules")
	require.NoError(t, err)
	paths, err := filepath.Glob(filepath.Join(directory, "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	return paths
}

// get reads an object or a list from the API server, where an error is an answer too.
func get[T any](ctx context.Context, args ...string) (object T, err error) {
	text, err := shop.TryKubectl(ctx, append([]string{"get", "--request-timeout=5s", "-o", "json"}, args...)...)
	if err == nil {
		err = json.Unmarshal([]byte(text), &object)
	}
	return object, err
}

// isWhole tells which node or pod is not as it should be.
func isWhole(ctx context.Context) (problem error) {
	nodes, err := get[corev1.NodeList](ctx, "nodes")
	if err != nil {
		return err
	}
	for _, node := range nodes.Items {
		for _, condition := range node.Status.Conditions {
			if condition.Type == corev1.NodeReady && condition.Status != corev1.ConditionTrue {
				problem = errors.Join(problem, fmt.Errorf("%s is not ready: %s", node.Name, condition.Message))
			}
		}
	}
	deployments, err := get[appsv1.DeploymentList](ctx, "deployments", "-A")
	if err != nil {
		return err
	}
	for _, d := range deployments.Items {
		if d.Status.AvailableReplicas != *d.Spec.Replicas || d.Status.UpdatedReplicas != *d.Spec.Replicas || d.Status.Replicas != *d.Spec.Replicas {
			problem = errors.Join(problem, fmt.Errorf("%s/%s: %d of %d pods are available", d.Namespace, d.Name, d.Status.AvailableReplicas, *d.Spec.Replicas))
		}
	}
	pods, err := get[corev1.PodList](ctx, "pods", "-A")
	if err != nil {
		return err
	}
	for _, pod := range pods.Items {
		if !isReady(pod) || pod.DeletionTimestamp != nil {
			problem = errors.Join(problem, fmt.Errorf("pod %s/%s is not ready, or goes", pod.Namespace, pod.Name))
		}
	}
	return problem
}

// isWholeAgain waits for that.
func isWholeAgain(ctx context.Context) error {
	return until(ctx, isWhole)
}

// until waits until a check has no error, and returns the last one at the limit.
func until(ctx context.Context, check func(context.Context) error) (last error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	every := time.NewTicker(time.Second)
	defer every.Stop()
	for {
		if last = check(ctx); last == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not within %s: %w", patience, last)
		case <-every.C:
		}
	}
}
