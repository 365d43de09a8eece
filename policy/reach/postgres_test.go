package reach_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/reach"
)

var both = modeltest.Replicated(2, "worker-node-1", "worker-node-2")

// instancePaths are those of a database's instances.
func instancePaths(t *testing.T, changes ...modeltest.Change) map[string]reach.Path {
	t.Helper()
	found := map[string]reach.Path{}
	for _, path := range reach.Analyze(modeltest.Dev(t, changes...)) {
		if path.From == "postgres" || path.To == "postgres" {
			found[strings.Join([]string{path.From, path.To, path.What, path.Ports}, ", ")] = path
		}
	}
	return found
}

func TestInstancesReachEachOtherAndAreReached(t *testing.T) {
	states := map[string]reach.State{}
	for name, path := range instancePaths(t, both) {
		states[name] = path.State
	}
	assert.Equal(t, map[string]reach.State{
		"backend, postgres, Service postgres-rw, tcp 5432":               reach.Open,
		"postgres, postgres, Service postgres-rw, tcp 5432":              reach.Open,
		"postgres, the cluster's DNS, DNS, udp 53":                       reach.Open,
		"postgres, API server, Kubernetes API, tcp 6443":                 reach.Open,
		"cnpg-controller-manager, postgres, instances' status, tcp 8000": reach.Open,
	}, states)
	alone := instancePaths(t, modeltest.Replicated(1, "worker-node-1"))
	assert.NotContains(t, alone, "postgres, postgres, Service postgres-rw, tcp 5432", "one instance follows nobody")
}

func TestPoliciesOfInstances(t *testing.T) {
	const postgres = "shop-postgres"
	for name, c := range map[string]struct{ path, rules, remedy string }{
		"no standby reaches the primary": {"postgres, postgres, Service postgres-rw, tcp 5432", "spec.egress[0].ports[0].port", "add an egress rule to NetworkPolicy ecommerce/postgres: tcp 5432 to the pods of postgres"},
		"no names":                       {"postgres, the cluster's DNS, DNS, udp 53", "spec.egress[1].ports[0].port", "add an egress rule to NetworkPolicy ecommerce/postgres: udp 53"},
		"no API server":                  {"postgres, API server, Kubernetes API, tcp 6443", "spec.egress[2].ports[0].port", "add an egress rule to NetworkPolicy ecommerce/postgres: tcp 6443 to the API server"},
		"no clients":                     {"backend, postgres, Service postgres-rw, tcp 5432", "spec.ingress[0].ports[0].port", "add an ingress rule to NetworkPolicy ecommerce/postgres: tcp 5432 from the pods of backend"},
		"no operator": {
			"cnpg-controller-manager, postgres, instances' status, tcp 8000", "spec.ingress[1].ports[0].port",
			"add an ingress rule to NetworkPolicy ecommerce/postgres: tcp 8000 from the pods of cnpg-controller-manager",
		},
	} {
		t.Run(name, func(t *testing.T) {
			paths := instancePaths(t, both, policyOf(postgres, c.rules, 1.0))
			require.Contains(t, paths, c.path)
			assert.Equal(t, reach.Closed, paths[c.path].State)
			assert.Contains(t, paths[c.path].Remedy, c.remedy)
		})
	}
}
