package monitoring

import (
	"maps"
	"slices"
	"strconv"

	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/workloads/networkpolicy"
)

// Ports of others.
const (
	exporterPort = 9100
	apiPort      = 6443
	// metricsPort is the name of the port on which pods of others answer for their metrics.
	metricsPort = "metrics"
)

// Peers of a flow that are no components.
const (
	// nodes are whatever is no pod: the addresses of nodes are not known here.
	nodes = "nodes"
	// names is the cluster's DNS.
	names = "names"
	// tiers are the pods of the shop.
	tiers = "tiers"
	// receivers are who is told of alerts, wherever they are.
	receivers = "receivers"
)

// flows is the table of who may speak to whom in the namespace; what it does not name is dropped. It needs no row for probes and
// `kubectl port-forward`, which come over the node itself, and none for answers.
func (w *watch) flows() []networkpolicy.Flow {
	flow := networkpolicy.Row
	rows := []networkpolicy.Flow{}
	seen := map[int]bool{}
	for _, what := range onNodes {
		if !seen[what.port] {
			seen[what.port] = true
			rows = append(rows, flow(victoriaMetrics, nodes, "TCP", strconv.Itoa(what.port), what.reason))
		}
	}
	rows = append(rows,
		flow(victoriaMetrics, names, "TCP", metricsPort, "What the cluster's DNS does"),
		flow(victoriaMetrics, tiers, "TCP", metricsPort, "What the shop's programs do"),
		flow(victoriaMetrics, kubeStateMetrics, "TCP", httpPort, "What the API server knows of objects"),
		flow(victoriaMetrics, vmalert, "TCP", httpPort, "What it does itself"),
		flow(victoriaMetrics, alertmanager, "TCP", httpPort, "What it does itself"),
		flow(victoriaMetrics, victoriaLogs, "TCP", httpPort, "What it does itself"),
		flow(victoriaMetrics, agent, "TCP", httpPort, "What it does itself"),
		flow(agent, nodes, "TCP", strconv.Itoa(apiPort), "Which pods its node has"),
		flow(agent, victoriaLogs, "TCP", httpPort, "Logs"),
		flow(kubeStateMetrics, nodes, "TCP", strconv.Itoa(apiPort), "What the API server knows of objects"),
		flow(vmalert, victoriaMetrics, "TCP", httpPort, "Metrics to judge, and what it knows of alerts"),
		flow(vmalert, alertmanager, "TCP", httpPort, "Alerts"),
	)
	asking := []string{vmalert}
	for _, port := range w.Alerting.ports() {
		rows = append(rows, flow(alertmanager, receivers, "TCP", strconv.Itoa(port), "Asked for in alerting"))
		asking = []string{vmalert, alertmanager}
	}
	for _, component := range append(asking, agent) {
		rows = append(rows,
			flow(component, names, "UDP", "53", "Names of whom it tells"),
			flow(component, names, "TCP", "53", "Names, where the answer is too long for UDP"))
	}
	return rows
}

// components are what runs, by the namespace that it runs in.
var components = map[string][]string{
	Namespace:      {alertmanager, kubeStateMetrics, victoriaLogs, victoriaMetrics, vmalert},
	agentNamespace: {agent},
}

// isolate makes a policy for each component, with all of its rows, and one that drops everything else.
func (w *watch) isolate() error {
	for _, namespace := range slices.Sorted(maps.Keys(components)) {
		for _, component := range components[namespace] {
			if err := w.isolateComponent(namespace, component); err != nil {
				return err
			}
		}
	}
	rest := &networkpolicy.Policy{
		Metadata: w.meta("default-deny", ""), Annotations: w.Annotations,
		Description: "Pods of no component reach nobody and nobody reaches them, unless a policy of their own says so",
	}
	_, err := rest.Register(w.ctx, w.child("default-deny"), w.options(w.bounds...)...)
	return err
}

func (w *watch) isolateComponent(namespace, component string) error {
	policy := &networkpolicy.Policy{Metadata: w.meta(component, component), Annotations: w.Annotations, Pods: selector(component)}
	policy.Metadata.Namespace = pulumi.String(namespace)
	policy.Add(component, w.flows(), func(name string) networkingv1.NetworkPolicyPeerArgs { return w.peer(name, namespace) })
	made, err := policy.Register(w.ctx, w.child(component), w.options()...)
	w.bounds = append(w.bounds, made)
	return err
}

// peer is the other end of a row, for a policy of that namespace.
func (w *watch) peer(name, namespace string) networkingv1.NetworkPolicyPeerArgs {
	switch name {
	case nodes:
		return networkpolicy.Block("0.0.0.0/0", w.PodCidr)
	case names:
		return networkpolicy.DNS()
	case receivers:
		return networkpolicy.Block("0.0.0.0/0")
	case tiers:
		return networkpolicy.PodsIn(w.Shop, pulumi.StringMap{partOfLabel: pulumi.String(partOf)})
	}
	for other, there := range components {
		if other != namespace && slices.Contains(there, name) {
			return networkpolicy.PodsIn(other, selector(name))
		}
	}
	return networkpolicy.Pods(selector(name))
}
