package reach_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/reach"
)

const (
	serviceType    = "kubernetes:core/v1:Service"
	deploymentType = "kubernetes:apps/v1:Deployment"
)

func policyOf(name, path string, value any) modeltest.Change {
	return modeltest.Set(model.NetworkPolicyType, name, path, value)
}

// podPaths are those that policies decide about, by both ends and what they are for.
func podPaths(stack *model.Stack) map[string]reach.Path {
	found := map[string]reach.Path{}
	for _, path := range reach.Analyze(stack) {
		if path.From == "clients" && path.To != "frontend" {
			continue
		}
		switch path.From {
		case "frontend", "backend", "postgres", "redis", "clients":
			found[path.From+" "+path.To+" "+path.Ports] = path
		}
	}
	return found
}

func TestPodsReachWhatTheyAreToldOf(t *testing.T) {
	states := map[string]reach.State{}
	for name, path := range podPaths(modeltest.Dev(t)) {
		states[name] = path.State
	}
	assert.Equal(t, map[string]reach.State{
		"clients frontend tcp 80": reach.Open, "frontend backend tcp 8080": reach.Open,
		"backend postgres tcp 5432": reach.Open, "backend redis tcp 6379": reach.Open,
		"frontend the cluster's DNS udp 53": reach.Open, "backend the cluster's DNS udp 53": reach.Open,
	}, states)
}

// What a NetworkPolicy drops although somebody is told of it, or lets through in another way.
func TestNetworkPolicies(t *testing.T) {
	only := func(labels map[string]any) []any {
		return []any{map[string]any{"podSelector": map[string]any{"matchLabels": labels}}}
	}
	block := func(cidr string, except ...any) []any {
		return []any{map[string]any{"ipBlock": map[string]any{"cidr": cidr, "except": except}}}
	}
	const frontend, backend, postgres = "shop-frontend", "shop-backend", "shop-postgres"
	for _, c := range []struct {
		what    string
		changes []modeltest.Change
		path    string
		state   reach.State
		remedy  string
	}{
		{
			"a row out is missing", []modeltest.Change{policyOf(frontend, "spec.egress", []any{})}, "frontend backend tcp 8080", reach.Closed,
			"add an egress rule to NetworkPolicy ecommerce/frontend: tcp 8080 to the pods of backend",
		},
		{
			"a row in is missing", []modeltest.Change{policyOf(postgres, "spec.ingress", []any{})}, "backend postgres tcp 5432", reach.Closed,
			"add an ingress rule to NetworkPolicy ecommerce/postgres: tcp 5432 from the pods of backend",
		},
		{
			"names cannot be resolved", []modeltest.Change{policyOf(backend, "spec.egress[2].to[0].podSelector.matchLabels.k8s-app", "dns"), policyOf(backend, "spec.egress[3].to[0].podSelector.matchLabels.k8s-app", "dns")},
			"backend the cluster's DNS udp 53", reach.Closed, "udp 53 to the pods of the cluster's DNS",
		},
		{
			"another port", []modeltest.Change{policyOf(postgres, "spec.ingress[0].ports[0].port", 5433.0)}, "backend postgres tcp 5432", reach.Closed, "tcp 5432",
		},
		{
			"another protocol", []modeltest.Change{policyOf(postgres, "spec.ingress[0].ports[0].protocol", "UDP")}, "backend postgres tcp 5432", reach.Closed, "tcp 5432",
		},
		{
			"a name that no container's port has", []modeltest.Change{policyOf(postgres, "spec.ingress[0].ports[0].port", "sql")}, "backend postgres tcp 5432", reach.Closed, "tcp 5432",
		},
		{
			"a range of ports", []modeltest.Change{policyOf(postgres, "spec.ingress[0].ports[0].port", 5000.0), policyOf(postgres, "spec.ingress[0].ports[0].endPort", 6000.0)},
			"backend postgres tcp 5432", reach.Open, "",
		},
		{
			"every port", []modeltest.Change{policyOf(postgres, "spec.ingress[0].ports", []any{})}, "backend postgres tcp 5432", reach.Open, "",
		},
		{
			"from anybody", []modeltest.Change{policyOf(postgres, "spec.ingress[0].from", []any{})}, "backend postgres tcp 5432", reach.Open, "",
		},
		{
			"from other pods", []modeltest.Change{policyOf(postgres, "spec.ingress[0].from", only(map[string]any{"app": "backup"}))},
			"backend postgres tcp 5432", reach.Closed, "from the pods of backend",
		},
		{
			"from the namespace as a whole", []modeltest.Change{policyOf(postgres, "spec.ingress[0].from", []any{map[string]any{
				"namespaceSelector": map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": "ecommerce"}},
			}})}, "backend postgres tcp 5432", reach.Open, "",
		},
		{
			"from another namespace", []modeltest.Change{policyOf(postgres, "spec.ingress[0].from", []any{map[string]any{
				"namespaceSelector": map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": "tools"}},
			}})}, "backend postgres tcp 5432", reach.Closed, "",
		},
		{
			"from every pod's address", []modeltest.Change{policyOf(postgres, "spec.ingress[0].from", block("192.168.0.0/16"))}, "backend postgres tcp 5432", reach.Open, "",
		},
		{
			"from some pods' addresses", []modeltest.Change{policyOf(postgres, "spec.ingress[0].from", block("192.168.0.0/17"))}, "backend postgres tcp 5432", reach.Unknown, "",
		},
		{
			"clients, but no nodes in their name", []modeltest.Change{policyOf(frontend, "spec.ingress[0].from", block("0.0.0.0/0", "172.31.0.0/20"))},
			"clients frontend tcp 80", reach.Closed, "tcp 80 from clients and from nodes in their name",
		},
		{
			"clients that are not those of the security groups", []modeltest.Change{
				policyOf(frontend, "spec.ingress[0].from", append(block("172.31.0.0/20"), block("10.0.0.0/8")...)),
				modeltest.Set(model.IngressType, "platform-node-port-0.0.0.0_0", "cidrIpv4", "198.51.100.0/24"),
			}, "clients frontend tcp 80", reach.Closed, "",
		},
		{
			"clients of another protocol that are not those of the security groups", []modeltest.Change{
				policyOf(frontend, "spec.ingress[0].from", append(block("172.31.0.0/20"), block("10.0.0.0/8")...)), policyOf(frontend, "spec.ingress[0].ports[0].protocol", "UDP"),
				policyOf(frontend, "spec.ingress[0].ports[0].port", 80.0),
				modeltest.Set(serviceType, frontend, "spec.ports[0].protocol", "UDP"), modeltest.Set(serviceType, frontend, "spec.ports[0].targetPort", 80.0),
				modeltest.Set(model.IngressType, "platform-node-port-0.0.0.0_0", "ipProtocol", "udp"),
				modeltest.Set(model.IngressType, "platform-node-port-0.0.0.0_0", "cidrIpv4", "198.51.100.0/24"),
			}, "clients frontend udp 80", reach.Closed, "",
		},
		{
			"some of the clients", []modeltest.Change{policyOf(frontend, "spec.ingress[0].from", append(block("172.31.0.0/20"), block("198.51.100.0/24")...))},
			"clients frontend tcp 80", reach.Open, "",
		},
		{
			"a policy more, on what comes in", []modeltest.Change{
				modeltest.Copy(model.NetworkPolicyType, postgres, "more"), policyOf("more", "metadata.name", "more"), policyOf("more", "spec.ingress", []any{}),
			}, "backend postgres tcp 5432", reach.Open, "",
		},
		{
			"policies on what comes in alone", []modeltest.Change{
				policyOf(frontend, "spec.egress", []any{}), policyOf(frontend, "spec.policyTypes", []any{"Ingress"}),
				policyOf("shop-default-deny", "spec.policyTypes", []any{"Ingress"}),
			}, "frontend backend tcp 8080", reach.Open, "",
		},
		{
			"a policy of another namespace", []modeltest.Change{policyOf(postgres, "spec.ingress", []any{}), policyOf(postgres, "metadata.namespace", "data"), policyOf("shop-default-deny", "metadata.namespace", "data")},
			"backend postgres tcp 5432", reach.Open, "",
		},
		{
			"pods with their node's address, which no selector chooses", []modeltest.Change{modeltest.Set(deploymentType, postgres, "spec.template.spec.hostNetwork", true)},
			"backend postgres tcp 5432", reach.Closed, "add an egress rule to NetworkPolicy ecommerce/backend",
		},
		{
			"pods with their node's address, which no policy protects", []modeltest.Change{
				modeltest.Set(deploymentType, postgres, "spec.template.spec.hostNetwork", true),
				policyOf(postgres, "spec.ingress", []any{}), policyOf(backend, "spec.egress[0].to", block("172.31.0.0/20")),
			}, "backend postgres tcp 5432", reach.Open, "",
		},
		{
			"a selector that is not known", []modeltest.Change{policyOf(postgres, "spec.podSelector", property.New(property.Computed))},
			"backend postgres tcp 5432", reach.Unknown, "",
		},
		{
			"a rule that is not known", []modeltest.Change{policyOf(postgres, "spec.ingress[0].from", property.New(property.Computed))},
			"backend postgres tcp 5432", reach.Unknown, "",
		},
		{
			"rules that are not known", []modeltest.Change{policyOf(postgres, "spec.ingress", property.New(property.Computed))},
			"backend postgres tcp 5432", reach.Unknown, "",
		},
		{
			"a port that is not known", []modeltest.Change{policyOf(postgres, "spec.ingress[0].ports[0].port", property.New(property.Computed))},
			"backend postgres tcp 5432", reach.Unknown, "",
		},
		{
			"Calico's own policies", []modeltest.Change{modeltest.Edit(model.NetworkPolicyType, "shop-default-deny", func(r *policyx.AnalyzerResource) {
				r.Type = "kubernetes:crd.projectcalico.org/v1:GlobalNetworkPolicy"
			})},
			"backend postgres tcp 5432", reach.Unknown, "",
		},
	} {
		t.Run(c.what, func(t *testing.T) {
			stack := modeltest.Dev(t, c.changes...)
			paths := podPaths(stack)
			require.Contains(t, paths, c.path)
			path := paths[c.path]
			assert.Equal(t, c.state, path.State, "%+v", path)
			assert.Contains(t, path.Remedy, c.remedy)
			if c.state == reach.Closed {
				require.NotNil(t, stack.ByURN(path.Resource))
				assert.Equal(t, model.NetworkPolicyType, stack.ByURN(path.Resource).Type)
			}
			if c.state == reach.Unknown && path.From != "clients" && c.what != "from some pods' addresses" {
				assert.NotEmpty(t, modeltest.Gaps(stack))
			}
		})
	}
}
