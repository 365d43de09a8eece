package reach

import (
	"slices"

	"ecommerce-platform/policy/model"
)

// apiServiceType is an extension that the API server hands requests on to.
const apiServiceType = "kubernetes:apiregistration.k8s.io/v1:APIService"

// metricsGroup is the API of metrics-server, which asks every kubelet.
const metricsGroup = "metrics.k8s.io"

// aggregation is what the API server asks of pods on workers, and whether one of them asks the kubelets.
type aggregation struct {
	ports   []port
	metrics bool
}

func (a *analysis) readAggregation() aggregation {
	var found aggregation
	for _, r := range a.stack.Of(apiServiceType) {
		for _, unknown := range slices.Concat(r.UnknownBelow("spec.service"), r.UnknownBelow("spec.group")) {
			a.stack.NotEvaluated(r, unknown)
		}
		group, _ := r.Text("spec.group")
		name, _ := r.Text("spec.service.name")
		namespace, _ := r.Text("spec.service.namespace")
		for _, s := range a.stack.Services {
			if called, _ := s.Text("metadata.name"); s.Malformed != nil || called != name || s.Namespace() != namespace {
				continue
			}
			found.metrics = found.metrics || group == metricsGroup
			for _, p := range s.Value.Spec.Ports {
				found.ports = append(found.ports, a.targets(s, p)...)
			}
		}
	}
	found.ports = distinct(found.ports)
	return found
}

// aggregated is the paths between two nodes that extensions of the API server need. Packets between a pod and a node carry the
// address of the pod's node where they leave the pool, and that of the node where they enter it.
func (a *analysis) aggregated(from, to *machine) []Path {
	var paths []Path
	path := func(what, ports string) Path {
		return Path{From: from.Name, To: to.Name, What: what, Ports: ports, State: Open, Want: Open}
	}
	if from.Role == model.ControlPlane && to.Role == model.Worker {
		for _, port := range a.extensions.ports {
			asks := path("API extension", inWords(port.protocol, []int{port.number}))
			for _, pool := range a.pools {
				a.admit(&asks, from, to, from.peer, peer{block: pool.block}, port.protocol, port.number)
			}
			paths = append(paths, asks)
		}
	}
	if from.Role == model.Worker && a.extensions.metrics {
		asks := path("kubelet metrics", inWords("tcp", []int{10250}))
		a.admit(&asks, from, to, from.peer, to.peer, "tcp", 10250)
		paths = append(paths, asks)
	}
	return paths
}
