package reach_test

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
)

const (
	control = "control-plane"
	first   = "worker-node-1"
	pool    = "platform-pool"
)

// fetched is how many paths lead from the three nodes to package sources and registries, and from the control plane to the manifest.
const fetched = 3*(3+3) + 1

// internet is the egress rule of every node.
const internet = "platform-internet-0.0.0.0_0"

// leaving is an egress rule more, for what leads to a block.
func leaving(name, protocol string, port float64, block string) []modeltest.Change {
	return []modeltest.Change{
		modeltest.Copy(model.EgressType, internet, name), modeltest.Set(model.EgressType, name, "cidrIpv4", block),
		modeltest.Set(model.EgressType, name, "ipProtocol", protocol),
		modeltest.Set(model.EgressType, name, "fromPort", port), modeltest.Set(model.EgressType, name, "toPort", port),
	}
}

// narrowed leaves egress to nodes and pods alone.
func narrowed(more ...modeltest.Change) []modeltest.Change {
	changes := slices.Concat(leaving("to-nodes", "-1", -1, "172.31.0.0/20"), leaving("to-pods", "-1", -1, "192.168.0.0/16"))
	return append(append(changes, more...), modeltest.Remove(model.EgressType, internet))
}

// platformRegistries are those of the images that the platform runs.
var platformRegistries = []any{"docker.io", "quay.io", "registry.k8s.io"}

// mirrored makes these hosts, of whom it is not known that they are on the internet, all that nodes fetch from.
func mirrored(urls ...string) modeltest.Change {
	var sources []any
	for _, url := range urls {
		sources = append(sources, map[string]any{"what": "packages", "url": url, "role": "", "public": false, "registries": platformRegistries})
	}
	return modeltest.Set(model.ClusterType, "platform", "sources", sources)
}

func without(rules ...string) []modeltest.Change {
	var changes []modeltest.Change
	for _, rule := range rules {
		changes = append(changes, modeltest.Remove(model.IngressType, rule))
	}
	return changes
}

// routed gives a subnet the route table of the first one.
func routed(subnet string) modeltest.Change {
	const token = "aws:ec2/routeTableAssociation:RouteTableAssociation"
	return func(t testing.TB, resources []policyx.AnalyzerResource) []policyx.AnalyzerResource {
		t.Helper()
		resources = modeltest.Copy(token, "platform-public", subnet)(t, resources)
		return modeltest.From(token, subnet, "subnetId", model.SubnetType, subnet)(t, resources)
	}
}
