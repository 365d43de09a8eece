package acceptance_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/acceptance/wire"
	"ecommerce-platform/tests/lab/controlplane/controlplanetest"
	"ecommerce-platform/tests/lab/engine"
)

// TestDeployedStacks previews what changes a stack that is there.
func TestDeployedStacks(t *testing.T) {
	t.Parallel()
	b := deployed(t, "dev", nil)
	state, err := b.stacks["dev"].Export(t.Context())
	require.NoError(t, err)
	body, err := json.Marshal(object{"version": 3, "deployment": state.Raw})
	require.NoError(t, err)
	b.runs(t, body)

	usual, result := previewWithPack(t.Context(), t, b, b.stack(t, "dev", nil, nil))
	assertNoMandatory(t, usual)
	for _, a := range usual {
		assert.NotEqual(t, "data-kept", a.rule, "nothing is replaced: %s", a)
	}
	assert.Empty(t, gaps(t, result), "of a deployed stack everything is known")

	// Another fixed address replaces the machine: what depends on it is unknown again, and nothing else is.
	changed := backendNodeWith(object{"privateIp": "172.31.7.251"})
	alarms, result := previewWithPack(t.Context(), t, b, b.stack(t, "dev", object{"nodes": []any{master, frontendNode, changed}}, nil))
	assertNoMandatory(t, alarms)
	variant{rule: "data-kept", says: "worker-node-2, and with its disk goes what is there of database"}.check(t, alarms, usual)
	replaced := slices.ContainsFunc(result.Steps, func(s engine.Step) bool {
		return s.URN.Name() == "worker-node-2" && strings.Contains(s.Op, "replace")
	})
	assert.True(t, replaced, "%v", result.Describe())
	found := gaps(t, result)
	assertGap(t, found, "command:remote:Command", "platform-worker-node-2-join", "create")
	for _, text := range found {
		assert.NotContains(t, text, "platform-worker-node-1-join", "nothing of this machine changes")
	}

	// A fault that comes with a change, and one that an empty stack could not show.
	for _, v := range []variant{
		{
			name: "a_join_token_in_a_command_line", rule: "no-secret-in-command", says: "create",
			edits: []wire.Edit{set(command("worker-node-1-join"), "create", "sudo kubeadm join 172.31.15.119:6443 --token abcdef.0123456789abcdef")},
		},
		{
			name: "a_connection_trusts_any_host", rule: "host-key-pinned", says: "hostKey",
			edits: []wire.Edit{without(command("worker-node-2-prepare"), "connection.hostKey")},
		},
	} {
		t.Run(v.name, func(t *testing.T) {
			found, _ := previewWithPack(t.Context(), t, b, b.stack(t, "dev", nil, v.edits))
			v.check(t, found, alarms)
		})
	}
}

// TestLayersAboveDeployedOnes previews the workloads as a stack of their own, whose lower layers are there.
func TestLayersAboveDeployedOnes(t *testing.T) {
	t.Parallel()
	b := deployed(t, "dev-infra", object{"layers": []string{"infra"}})
	_, err := b.stack(t, "dev-cluster", object{"layers": []string{"cluster"}}, nil).Up(t.Context())
	require.NoError(t, err)
	layer := object{"layers": []string{"workloads"}}
	usual, _ := previewWithPack(t.Context(), t, b, b.stack(t, "dev-workloads", layer, nil))
	assertNoMandatory(t, usual)
	for _, v := range []variant{
		{name: "as_it_is"},
		{
			name: "the_backends_url_names_no_service", rule: "urls-resolve", says: "BACKEND_URL",
			edits: []wire.Edit{set(frontend, container+"env[1].value", "http://api:8080")},
		},
		{
			name: "a_surge_that_fits_nowhere", rule: "rollout", says: "redis",
			edits: []wire.Edit{set(set(redis, "spec.strategy.rollingUpdate.maxSurge", 1), "spec.strategy.rollingUpdate.maxUnavailable", 0)},
		},
	} {
		t.Run(v.name, func(t *testing.T) {
			alarms, _ := previewWithPack(t.Context(), t, b, b.stack(t, "dev-workloads", layer, v.edits))
			v.check(t, alarms, usual)
		})
	}
}

// deployed is a bench in which this stack is deployed, and a control plane to deploy the others to.
func deployed(t *testing.T, stack string, config object) *bench {
	t.Helper()
	b := newBench(t)
	cluster := controlplanetest.Start(t, "control-plane", "worker-node-1", "worker-node-2")
	b.kubeconfig = cluster.Kubeconfig
	// The step that reads the kubeconfig answers with this one.
	body, err := os.ReadFile(cluster.Kubeconfig)
	require.NoError(t, err)
	answers := filepath.Join(b.account, "answers")
	require.NoError(t, os.MkdirAll(answers, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(answers, "kubeconfig.sh"), body, 0o600))
	_, err = b.stack(t, stack, config, nil).Up(t.Context())
	require.NoError(t, err)
	return b
}
