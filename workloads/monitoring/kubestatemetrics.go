package monitoring

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
)

const (
	kubeStateMetrics     = "kube-state-metrics"
	kubeStateMetricsPort = 8080
	// telemetryPort is that of its metrics about itself, and of the question whether it is ready.
	telemetryPort = 8081
	telemetry     = "telemetry"
)

// observed are the objects that it tells of, by the group of their API. It may read these and nothing else.
var observed = map[string][]string{
	"":            {"nodes", "persistentvolumeclaims", "persistentvolumes", "pods", "resourcequotas"},
	"apps":        {"daemonsets", "deployments"},
	"autoscaling": {"horizontalpodautoscalers"},
	"policy":      {"poddisruptionbudgets"},
}

// deployKubeStateMetrics turns what the API server knows of objects into metrics.
// https://github.com/kubernetes/kube-state-metrics
func (w *watch) deployKubeStateMetrics() error {
	resources, rules := []string{}, rbacv1.PolicyRuleArray{}
	for _, group := range slices.Sorted(maps.Keys(observed)) {
		resources = append(resources, observed[group]...)
		rules = append(rules, rbacv1.PolicyRuleArgs{ApiGroups: words(group), Resources: words(observed[group]...), Verbs: words("list", "watch")})
	}
	slices.Sort(resources)
	c := &component{
		name: kubeStateMetrics, image: w.Images.KubeStateMetrics, port: kubeStateMetricsPort, others: []port{{telemetry, telemetryPort}},
		args: []string{
			fmt.Sprintf("--port=%d", kubeStateMetricsPort), fmt.Sprintf("--telemetry-port=%d", telemetryPort),
			"--resources=" + strings.Join(resources, ","),
		},
		cpu: "20m", memory: "24Mi", limit: "128Mi",
		alive: question{"/livez", httpPort}, ready: question{"/readyz", telemetry},
		asksAPI: true,
	}
	rights, err := w.grant(c, rules)
	if err != nil {
		return err
	}
	c.after = append(c.after, rights...)
	return w.deploy(c)
}
