package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/pulumitest"
)

// split is the platform as one stack per layer, lowest first, each with what was changed in its configuration.
type split struct {
	values  map[string]stack
	outputs map[string]map[string]any
}

func newSplit(t *testing.T) *split {
	t.Helper()
	s := &split{values: map[string]stack{}, outputs: map[string]map[string]any{}}
	for _, layer := range allLayers {
		s.values[layer] = devStack(t).with("layers", `["`+layer+`"]`).
			with("infraStack", "acme/ecommerce-platform/prod-infra").with("clusterStack", "acme/ecommerce-platform/prod-cluster")
	}
	return s
}

// up deploys the stack of a layer on what the one below was last deployed with.
func (s *split) up(t *testing.T, layer string, opts ...pulumitest.Option) (*pulumitest.Recorder, error) {
	t.Helper()
	for lower, outputs := range s.outputs {
		opts = append(opts, pulumitest.StackReference("acme/ecommerce-platform/prod-"+lower, outputs))
	}
	rec, err := run(t, s.values[layer], secrets(), opts...)
	if err == nil {
		s.outputs[layer] = map[string]any{}
		for _, name := range rec.ExportNames() {
			s.outputs[layer][name] = rec.Export(name)
		}
	}
	return rec, err
}

func TestStacksOfOneLayerAgree(t *testing.T) {
	const below = "acme/ecommerce-platform/prod-"
	nodes := `[{"name":"control-plane","role":"control-plane","privateIp":"172.31.15.119"},
		{"name":"worker-node-1","role":"worker","privateIp":"172.31.2.239","labels":{"tier":"frontend","storage":"ssd"},"monitoring":true},
		{"name":"worker-node-2","role":"worker","privateIp":"172.31.7.250","labels":{"tier":"backend","storage":"hdd"}%s}%s]`
	for name, c := range map[string]struct{ upper, key, value, want string }{
		"what the firewall admits": {"workloads", "nodePort", "30081",
			`nodePort 30081: is 30080 in the stack ` + below + `infra`},
		"what the database is dumped from": {"workloads", "namespace", "market",
			`namespace "market": is "ecommerce" in the stack ` + below + `cluster`},
		"the size of the database's volume": {"workloads", "postgres", `{"volumeGiB":9}`,
			`postgres.volumeGiB 9: is 5 in the stack ` + below + `cluster`},
		"whether metrics-server runs": {"cluster", "metricsServer", "true",
			`metricsServer true: is false in the stack ` + below + `infra`},
		"whether the platform is watched": {"cluster", "monitoring", `{"enabled":true}`,
			`monitoring.enabled true: is false in the stack ` + below + `infra`},
		"pods' addresses": {"cluster", "podCidr", "192.168.0.0/17",
			`podCidr "192.168.0.0/17": is "192.168.0.0/16" in the stack ` + below + `infra`},
		"who is no pod": {"workloads", "podCidr", "192.168.0.0/17",
			`podCidr "192.168.0.0/17": is "192.168.0.0/16" in the stack ` + below + `cluster`},
		"Services' addresses": {"cluster", "serviceCidr", "10.97.0.0/16",
			`serviceCidr "10.97.0.0/16": is "10.96.0.0/12" in the stack ` + below + `infra`},
		"whose role may write backups": {"cluster", "backup", `{"destination":"s3:https://s3.eu-central-1.amazonaws.com/shop-backups/prod"}`,
			`backup.destination "shop-backups/prod": is "" in the stack ` + below + `infra`},
		"where pods may run": {"workloads", "nodes", fmt.Sprintf(nodes, `,"taints":[{"key":"tier","value":"backend","effect":"NoSchedule"}]`, ""),
			`nodes.worker-node-2.taints [{"key":"tier","value":"backend","effect":"NoSchedule"}]: is [] in the stack ` + below + `cluster`},
		"which machine is which": {"cluster", "nodes", strings.Replace(fmt.Sprintf(nodes, "", ""), "172.31.7.250", "172.31.7.251", 1),
			`nodes.worker-node-2.privateIp "172.31.7.251": is "172.31.7.250" in the stack ` + below + `infra`},
		"which nodes there are": {"workloads", "nodes", fmt.Sprintf(nodes, "", `,{"name":"worker-node-3","role":"worker","privateIp":"172.31.2.3"}`),
			`nodes ["control-plane","worker-node-1","worker-node-2","worker-node-3"]: is ["control-plane","worker-node-1","worker-node-2"] in the stack ` + below + `cluster`},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSplit(t)
			for _, layer := range allLayers {
				if layer == c.upper {
					s.values[layer] = s.values[layer].with(c.key, c.value)
				}
				rec, err := s.up(t, layer)
				if layer == c.upper {
					require.ErrorContains(t, err, c.want)
					assert.Equal(t, []string{"pulumi:pulumi:StackReference"}, rec.Types(), "nothing may be deployed")
					return
				}
				require.NoError(t, err)
			}
		})
	}
}

// What a stack in between does not need itself, it passes on.
func TestStacksOfOneLayerThatAgree(t *testing.T) {
	s := newSplit(t)
	for _, layer := range allLayers {
		s.values[layer] = s.values[layer].with("nodePort", "30081")
		if layer == "cluster" {
			delete(s.values[layer], "nodePort")
		}
		_, err := s.up(t, layer)
		require.NoError(t, err, layer)
	}
	assert.NotContains(t, s.outputs["workloads"], "facts", "no stack lies above")

	delete(s.outputs["cluster"], "facts")
	_, err := s.up(t, "workloads")
	require.ErrorContains(t, err, "facts: the stack acme/ecommerce-platform/prod-cluster tells none; run `pulumi up` there first, with this version of the program")
	rec, err := s.up(t, "workloads", pulumitest.Preview())
	require.NoError(t, err, "what is not deployed yet can be previewed all the same")
	assert.Contains(t, strings.Join(rec.Logs(), "\n"), "facts: the stack acme/ecommerce-platform/prod-cluster tells none yet")
}
