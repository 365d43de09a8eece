package bench

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/tests/lab/load"
)

// operation is one change of the configuration, over all those before it.
type operation struct {
	name string
	// set are values; nil takes one away again.
	set map[string]any
	// nodes changes the topology.
	nodes   func(*nodeList) error
	secrets map[string]string
}

// first is the Kubernetes of a new cluster, and before the minor that it is upgraded from.
func first() versions.Release { return versions.All.Kubernetes.New() }

func before() versions.Release {
	var previous versions.Release
	for _, minor := range versions.All.Kubernetes.Minors() {
		if minor < first().Minor() && minor > previous.Minor() {
			previous = *versions.All.Kubernetes.Of(minor)
		}
	}
	return previous
}

// beginning is the configuration that the changes start from.
func beginning() map[string]any {
	return map[string]any{"kubernetesVersion": before().Version, "containerdVersion": versions.All.Containerd.Before}
}

func operations() []operation {
	tier := func(name, key string, value any) map[string]any {
		return map[string]any{name: map[string]any{key: value}}
	}
	requests := func(cpu, memory string) map[string]any { return map[string]any{"cpu": cpu, "memory": memory} }
	node := func(name, key string, value any) func(*nodeList) error {
		return func(t *nodeList) error { return t.set(name, key, value) }
	}
	return []operation{
		{name: "the container runtime's version", set: map[string]any{"containerdVersion": nil}},
		{name: "the next minor of Kubernetes", set: map[string]any{"kubernetesVersion": nil}},
		{name: "certificates renewed", set: map[string]any{"certificateRenewal": "again"}},
		{name: "another setting of the kubelets", set: tier("kubelet", "maxPods", 60)},
		{name: "another setting of kube-proxy", set: tier("kubeProxy", "metricsBindAddress", "0.0.0.0:10249")},
		{name: "frontend: other requests", set: tier("frontend", "requests", requests("110m", "128Mi"))},
		{name: "backend: another variable", set: tier("backend", "env", map[string]any{"GREETING": "hello"})},
		{name: "redis: other requests", set: tier("redis", "requests", requests("260m", "256Mi"))},
		{name: "postgres: other requests", set: tier("postgres", "requests", requests("400m", "512Mi"))},
		{name: "postgres: a larger volume", set: tier("postgres", "volumeGiB", 2)},
		{name: "the database's password", secrets: map[string]string{"databasePassword": rand.Text()}},
		{name: "backend: two pods instead of three", set: tier("backend", "replicas", 2)},
		{name: "backend: three pods again", set: tier("backend", "replicas", 3)},
		{name: "clients admitted by two blocks instead of one", set: map[string]any{"clientCidrs": []any{"0.0.0.0/1", "128.0.0.0/1"}}},
		{name: "one more label on a worker", nodes: node("worker-node-1", "labels", map[string]any{"tier": "frontend", "storage": "ssd", "rack": "r1"})},
		{name: "a taint that the tier tolerates", nodes: node("worker-node-1", "taints", []any{
			map[string]any{"key": "tier", "value": "frontend", "effect": "NoSchedule"},
		})},
		{name: "a larger machine for the backend", nodes: node("worker-node-2", "instanceType", "t3.large")},
		{name: "a larger machine for the frontend", nodes: node("worker-node-1", "instanceType", "t3.large")},
		{name: "a larger machine for the control plane", nodes: node("control-plane", "instanceType", "t3.large")},
		{name: "the frontend's machine replaced", nodes: func(t *nodeList) error { return t.move("worker-node-1") }},
		{name: "one more worker", nodes: func(t *nodeList) error { return t.add("worker-node-3", "frontend") }},
		{name: "the frontend rolls over two workers", set: tier("frontend", "requests", requests("120m", "128Mi"))},
		{name: "new packages on every machine", set: map[string]any{"osUpdate": "today"}},
		{name: "one worker less", nodes: func(t *nodeList) error { return t.remove("worker-node-3") }},
	}
}

// change applies the operation to a configuration, whose nodes are those of the lab until it has some of its own.
func (o operation) change(config map[string]any, nodes []any, addresses map[string]string) error {
	for key, value := range o.set {
		switch below, isObject := config[key].(map[string]any); {
		case value == nil:
			delete(config, key)
		case isObject:
			maps.Copy(below, value.(map[string]any)) //nolint:forcetypeassert // what was an object stays one
		default:
			config[key] = value
		}
	}
	if o.nodes == nil {
		return nil
	}
	if own, there := config["nodes"].([]any); there {
		nodes = own
	}
	t := &nodeList{nodes: nodes, addresses: addresses}
	if err := o.nodes(t); err != nil {
		return err
	}
	config["nodes"] = t.nodes
	return nil
}

// nodeList is the value of nodes.
type nodeList struct {
	nodes     []any
	addresses map[string]string
}

func (t *nodeList) find(name string) (map[string]any, error) {
	for _, item := range t.nodes {
		if node, ok := item.(map[string]any); ok && node["name"] == name {
			return node, nil
		}
	}
	return nil, fmt.Errorf("nodes: none is called %s", name)
}

func (t *nodeList) set(name, key string, value any) error {
	node, err := t.find(name)
	if err == nil {
		node[key] = value
	}
	return err
}

// move gives a node the next address, which is another machine's.
func (t *nodeList) move(name string) error {
	node, err := t.find(name)
	if err != nil {
		return err
	}
	address, err := t.free(name)
	node["privateIp"] = address
	return err
}

// add adds a worker.
func (t *nodeList) add(name, tier string) error {
	address, err := t.free("worker-node-2")
	t.nodes = append(t.nodes, map[string]any{
		"name": name, "role": "worker", "privateIp": address, "labels": map[string]any{"tier": tier, "storage": "ssd"},
	})
	return err
}

func (t *nodeList) remove(name string) error {
	for i, item := range t.nodes {
		if node, ok := item.(map[string]any); ok && node["name"] == name {
			t.nodes = append(t.nodes[:i:i], t.nodes[i+1:]...)
			return nil
		}
	}
	return fmt.Errorf("nodes: none is called %s", name)
}

// free is the address after a node's own.
func (t *nodeList) free(name string) (string, error) {
	address, err := netip.ParseAddr(t.addresses[name])
	return address.Next().String(), err
}

// readAnew asks for what no frontend has kept: each request is another one.
func readAnew(url string) func(context.Context, *http.Client) error {
	var n atomic.Int64
	return func(ctx context.Context, client *http.Client) error {
		return load.Get(ctx, client, fmt.Sprintf("%s?%d-%d", url, time.Now().UnixNano(), n.Add(1)))
	}
}

// order places an order, each with a key of its own.
func order(url string) func(context.Context, *http.Client) error {
	return func(ctx context.Context, client *http.Client) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/api/orders", strings.NewReader(`{"items":[{"productId":"pine-candle","quantity":1}]}`))
		if err != nil {
			return err
		}
		request.Header.Set("Idempotency-Key", rand.Text())
		return send(client, request)
	}
}

// askAPI asks the API server whether it is ready, as the kubeconfig's user.
func askAPI(kubeconfig string) (func(context.Context, *http.Client) error, error) {
	config, err := clientcmd.RESTConfigFromKubeConfig([]byte(kubeconfig))
	if err != nil {
		return nil, err
	}
	config.Timeout = 2 * time.Second
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, _ *http.Client) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, config.Host+"/readyz", nil)
		if err != nil {
			return err
		}
		return send(client, request)
	}, nil
}

// send tells what is wrong with the answer to a request.
func send(client *http.Client, request *http.Request) error {
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("status %d", response.StatusCode)
	}
	return nil
}
