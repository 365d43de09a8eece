package engine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/engine"
)

// TestPreviewOfAnEmptyStack needs no API server: none is running.
func TestPreviewOfAnEmptyStack(t *testing.T) {
	p := newPlatform(t)
	preview, err := p.stack("dev", nil).Preview(t.Context())
	require.NoError(t, err)

	for _, step := range preview.Steps {
		if step.Op != "create" && step.Op != "read" {
			assert.Fail(t, "a preview of an empty stack only creates", step.String())
		}
	}
	count := map[string]int{}
	for _, step := range preview.Changed() {
		count[string(step.URN.Type())]++
	}
	for kind, want := range map[string]int{
		"pulumi:pulumi:Stack":                                  1,
		"ecommerce-platform:infra:Infra":                       1,
		"ecommerce-platform:cluster:Cluster":                   1,
		"ecommerce-platform:workloads:Workloads":               1,
		"aws:ec2/vpc:Vpc":                                      1,
		"aws:ec2/subnet:Subnet":                                1,
		"aws:ec2/instance:Instance":                            3,
		"aws:ec2/eip:Eip":                                      3,
		"kubernetes:apps/v1:Deployment":                        4,
		"kubernetes:core/v1:Service":                           4,
		"kubernetes:core/v1:ServiceAccount":                    4,
		"kubernetes:networking.k8s.io/v1:NetworkPolicy":        5,
		"kubernetes:core/v1:ResourceQuota":                     1,
		"kubernetes:core/v1:LimitRange":                        1,
		"kubernetes:core/v1:NodePatch":                         3,
		"kubernetes:crd.projectcalico.org/v1:IPPool":           1,
		"kubernetes:crd.projectcalico.org/v1:BGPConfiguration": 1,
	} {
		assert.Equal(t, want, count[kind], kind)
	}
	assert.Greater(t, count["command:remote:Command"], 3*3, "files, preparation and joining of each node at least")
	assert.Empty(t, p.resources().Resources, "a preview makes nothing")
	assertNoSecrets(t, preview.Output)
}

// TestConfigErrors shows that the real engine passes each error on, all of them at once, and that nothing is registered.
func TestConfigErrors(t *testing.T) {
	node := func(name, role, address string) map[string]any {
		return map[string]any{"name": name, "role": role, "privateIp": address}
	}
	p := newPlatform(t)
	stack := p.stack("dev", nil)
	for _, c := range []struct {
		name   string
		config map[string]any
		want   []string
	}{
		{
			"admin_cidrs_are_required", map[string]any{"adminCidrs": nil}, []string{"adminCidrs <unset>: required"},
		},
		{
			"several_at_once",
			map[string]any{
				"podCidr": "192.168.0.0", "serviceCidr": "10.96.0.1/12", "nodePort": 80, "layers": []string{"infra", "cluster", "workload"},
				"nodes": []any{
					node("control-plane", "control-plane", "172.31.18.239"), node("control-plane", "master", "172.31.0.1"),
				},
			},
			[]string{
				`podCidr "192.168.0.0": not an IPv4 CIDR block`,
				`serviceCidr "10.96.0.1/12": has host bits set, use "10.96.0.0/12"`,
				`layers[2] "workload": must be infra, cluster or workloads`,
				`nodes[0].privateIp "172.31.18.239": outside subnetCidr "172.31.0.0/20"`,
				`nodes[1].privateIp "172.31.0.1": reserved by AWS in subnetCidr "172.31.0.0/20"`,
				`nodes[1].name "control-plane": duplicate of nodes[0].name`,
				`nodes[1].role "master": must be control-plane or worker`,
			},
		},
		{
			"more_than_one_control_plane",
			map[string]any{"nodes": []any{
				node("one", "control-plane", "172.31.1.1"), node("two", "control-plane", "172.31.1.2"),
			}},
			[]string{"nodes (2 with role control-plane): exactly one control plane is offered yet"},
		},
		{
			"an_unknown_key_in_an_object", map[string]any{"frontend": map[string]any{"replica": 4}},
			[]string{"frontend.replica 4: unknown key"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p.configure(stack, c.config)
			result, err := stack.Preview(t.Context())
			var failed *engine.Error
			require.ErrorAs(t, err, &failed)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
			for _, step := range result.Steps {
				assert.Equal(t, "pulumi:pulumi:Stack", string(step.URN.Type()), "registered before config was checked")
			}
		})
	}
}
