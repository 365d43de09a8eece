package reach

import (
	"go4.org/netipx"

	"ecommerce-platform/policy/environment"
	"ecommerce-platform/policy/model"
)

// Ports of a database that an operator keeps, and of the API server.
const (
	postgresPort = 5432
	// statusPort is where the operator asks an instance how it is.
	// Source: github.com/cloudnative-pg/cloudnative-pg, pkg/management/url.
	statusPort = 8000
	serverPort = 6443
)

// postgresPaths are what the instances of a database need beside what others need of them: each other, names, the API server, in which they
// find who the primary is, and the operator, which asks them.
func (a *analysis) postgresPaths() []Path {
	var paths []Path
	for _, w := range a.stack.Workloads {
		p := a.stack.PostgresOf(w.Resource)
		if p == nil || w.Maker == nil || !a.known(w.Resource, "metadata.namespace") {
			continue
		}
		instances := podsOf(w)
		if p.Instances() > 1 {
			for _, to := range a.answering(environment.Endpoint{Service: p.Value.GetServiceReadWriteName(), Namespace: w.Namespace, Port: postgresPort}) {
				paths = append(paths, a.connection(instances.name, a.end(instances), to))
			}
			paths = append(paths, a.connection(instances.name, a.end(instances), served{"DNS", dns, port{"udp", 53}}))
		}
		paths = append(paths, a.toServer(instances)...)
		for _, operator := range a.operators() {
			paths = append(paths, a.connection(operator.name, a.end(operator), served{"instances' status", instances, port{"tcp", statusPort}}))
		}
	}
	return paths
}

// operators are the pods of the operator, if this stack holds it.
func (a *analysis) operators() []*pods {
	var found []*pods
	for _, w := range a.stack.Workloads {
		if model.IsPostgresOperator(w) {
			found = append(found, podsOf(w))
		}
	}
	return found
}

// toServer is the path of pods to the API server, whose Service leads to the machines of the control plane.
func (a *analysis) toServer(from *pods) []Path {
	var servers netipx.IPSetBuilder
	for _, m := range a.machines {
		if m.Role == model.ControlPlane {
			servers.AddPrefix(m.block)
		}
	}
	to := built(&servers)
	if len(to.Prefixes()) == 0 {
		return nil
	}
	path := Path{From: from.name, To: "API server", What: "Kubernetes API", Ports: inWords("tcp", []int{serverPort}), State: Open, Want: Open}
	switch out, drops := a.filter(from, true, far{all: to, some: &netipx.IPSet{}}, nil, port{"tcp", serverPort}); {
	case out == closed:
		path.close(drops.Resource, "add an egress rule to NetworkPolicy %s: %s to the API server", titleOf(drops), path.Ports)
	case out == unknown, a.foreignPolicies:
		path.doubt()
	}
	return []Path{path}
}
