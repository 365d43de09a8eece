package engine_test

import (
	"encoding/base64"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"ecommerce-platform/tests/lab/controlplane/controlplanetest"
	"ecommerce-platform/tests/lab/engine"
)

// TestLife is one stack from its first deployment to its destruction. Each part stands on the one before.
func TestLife(t *testing.T) {
	cluster := controlplanetest.Start(t, "control-plane", "worker-node-1", "worker-node-2")
	t.Setenv("TMPDIR", t.TempDir())
	p := newPlatform(t)
	p.answerKubeconfig(cluster.Kubeconfig)
	stack := p.stack("dev", nil)
	clientKey := clientKey(t, cluster.Kubeconfig)

	part := func(name string, run func(t *testing.T)) {
		t.Helper()
		require.True(t, t.Run(name, run), "the parts that follow stand on this one")
	}
	part("up_deploys_everything", func(t *testing.T) {
		up, err := stack.Up(t.Context())
		require.NoError(t, err)
		assertNoSecrets(t, up.Output, clientKey)
		outputs, err := stack.Outputs(t.Context())
		require.NoError(t, err)
		assert.Regexp(t, `^http://[0-9.]+:30080$`, outputs["frontendUrl"])
		assert.Len(t, outputs["nodes"], 3)
		assert.Contains(t, outputs["kubeconfig"], cluster.Address)
	})
	part("state_holds_no_secret_in_the_clear", func(t *testing.T) {
		state, err := stack.Export(t.Context())
		require.NoError(t, err)
		assertNoSecrets(t, string(state.Raw), clientKey)
		shown, err := stack.Export(t.Context(), "--show-secrets")
		require.NoError(t, err)
		assert.True(t, strings.Contains(string(shown.Raw), databasePassword) ||
			strings.Contains(string(shown.Raw), base64.RawStdEncoding.EncodeToString([]byte(databasePassword))),
			"decrypted, the state holds the password; otherwise the search above proves nothing")
	})
	part("no_kubeconfig_is_left_behind", func(t *testing.T) {
		for _, dir := range []string{os.TempDir(), p.dir} {
			require.NoError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
				assert.NotContains(t, filepath.Base(path), "kubeconfig")
				return err
			}))
		}
	})
	part("a_second_up_changes_nothing", func(t *testing.T) {
		again, err := stack.Up(t.Context(), "--expect-no-changes")
		require.NoError(t, err)
		assert.Empty(t, again.Describe())
	})
	part("three_stacks_of_a_layer_each_hold_the_same", func(t *testing.T) { testLayers(t, stack) })
	part("a_newer_image_replaces_nothing", func(t *testing.T) {
		p.publishImage("debian-13-amd64-20990101-1")
		again, err := stack.Up(t.Context(), "--expect-no-changes")
		require.NoError(t, err)
		assert.Empty(t, again.Describe())
	})
	part("what_a_killed_run_made_is_taken_over", func(t *testing.T) {
		p.forget(t, stack, "kubernetes:apps/v1:Deployment", "shop-backend")
		p.configure(stack, map[string]any{"backend": map[string]any{"replicas": 2}})
		up, err := stack.Up(t.Context())
		require.NoError(t, err)
		assertOrder(t, up, "create shop-backend")
		p.configure(stack, nil)
		_, err = stack.Up(t.Context())
		require.NoError(t, err)
	})
	part("what_is_declared_is_taken_back", func(t *testing.T) { testTakenBack(t, p, stack, cluster) })
	part("an_API_server_that_is_away_is_not_gone", func(t *testing.T) { testAway(t, p, stack, cluster) })
	part("another_admin_cidr_touches_its_rules_only", func(t *testing.T) {
		p.configure(stack, map[string]any{"adminCidrs": []string{"203.0.113.7/32", "198.51.100.0/24"}})
		up, err := stack.Up(t.Context())
		require.NoError(t, err)
		changed := up.Changed()
		require.NotEmpty(t, changed)
		for _, step := range changed {
			assert.Equal(t, "create aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
				step.Op+" "+string(step.URN.Type()), step.String())
		}
		assert.Len(t, changed, 2, "one rule for SSH and one for the API server: %v", up.Describe())
	})
	admins := []string{"203.0.113.7/32", "198.51.100.0/24"}
	part("one_more_worker_adds_what_is_its_own", func(t *testing.T) {
		cluster.AddNode("worker-node-3")
		nodes := append(devNodes(t), map[string]any{"name": "worker-node-3", "role": "worker", "privateIp": "172.31.9.9"})
		p.configure(stack, map[string]any{"adminCidrs": admins, "nodes": nodes})
		up, err := stack.Up(t.Context())
		require.NoError(t, err)
		require.NotEmpty(t, up.Changed())
		for _, step := range up.Changed() {
			assert.Equal(t, "create", step.Op, step.String())
			assert.Contains(t, step.URN.Name(), "worker-node-3", step.String())
		}
	})
	part("a_worker_leaves_the_cluster_before_its_machine_goes", func(t *testing.T) {
		p.configure(stack, map[string]any{"adminCidrs": admins})
		up, err := stack.Up(t.Context())
		require.NoError(t, err)
		require.NotEmpty(t, up.Changed())
		for _, step := range up.Changed() {
			assert.Equal(t, "delete", step.Op, step.String())
			assert.Contains(t, step.URN.Name(), "worker-node-3", step.String())
		}
		assertOrder(t, up, "delete platform-control-plane-member-worker-node-3", "delete platform-worker-node-3-join", "delete worker-node-3")
	})
	part("so_does_one_whose_machine_is_replaced", func(t *testing.T) {
		nodes := devNodes(t)
		moved, ok := nodes[2].(map[string]any)
		require.True(t, ok)
		moved["privateIp"] = "172.31.7.249"
		p.configure(stack, map[string]any{"adminCidrs": admins, "nodes": nodes})
		up, err := stack.Up(t.Context())
		require.NoError(t, err)
		assertOrder(t, up, "delete-replaced platform-control-plane-member-worker-node-2", "delete-replaced worker-node-2",
			"create-replacement worker-node-2", "update platform-worker-node-2-join", "create-replacement platform-control-plane-member-worker-node-2",
			"create-replacement platform-worker-node-2-labels")
		assertUntouched(t, up, "worker-node-1")
	})
	part("machines_change_one_at_a_time", func(t *testing.T) {
		nodes := devNodes(t)
		moved, ok := nodes[2].(map[string]any)
		require.True(t, ok)
		moved["privateIp"] = "172.31.7.249"
		p.configure(stack, map[string]any{"adminCidrs": admins, "nodes": nodes, "instanceType": "t3.large"})
		up, err := stack.Up(t.Context())
		require.NoError(t, err)
		var wanted []string
		for _, node := range []string{"control-plane", "worker-node-1", "worker-node-2"} {
			wanted = append(wanted, "update platform-control-plane-clear-"+node, "update "+node, "update platform-control-plane-member-"+node)
		}
		assertOrder(t, up, wanted...)
		// A machine that is another one leaves as such; what is in place and what is not go in one order.
		moved["privateIp"] = "172.31.7.248"
		p.configure(stack, map[string]any{"adminCidrs": admins, "nodes": nodes})
		up, err = stack.Up(t.Context())
		require.NoError(t, err)
		assertOrder(t, up, "update worker-node-1", "update platform-control-plane-member-worker-node-1",
			"delete-replaced platform-control-plane-member-worker-node-2", "delete-replaced worker-node-2",
			"create-replacement worker-node-2", "create-replacement platform-control-plane-member-worker-node-2")
	})
	part("a_machine_that_was_stopped_is_started_again", func(t *testing.T) {
		p.stop(t, "worker-node-2")
		refreshed, err := stack.Refresh(t.Context(), "--target", "**::worker-node-2")
		require.NoError(t, err)
		require.NotEmpty(t, refreshed.Steps)
		up, err := stack.Up(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []string{"update aws:ec2transitgateway/instanceState:InstanceState worker-node-2 state"}, up.Describe())
		for _, r := range p.resources().Resources {
			if r.Type == "aws:ec2/instance:Instance" {
				assert.Equal(t, "running", r.Text("instanceState"))
			}
		}
	})
	part("a_lost_machine_leaves_before_another_one_joins", func(t *testing.T) {
		p.terminate(t, "worker-node-2")
		// Of its machine and address only: pods of kubelets that are not there are not to be refreshed.
		refreshed, err := stack.Refresh(t.Context(), "--target", "**::worker-node-2")
		require.NoError(t, err)
		require.NotEmpty(t, refreshed.Steps)
		up, err := stack.Up(t.Context())
		require.NoError(t, err)
		assertOrder(t, up, "create worker-node-2", "delete-replaced platform-control-plane-member-worker-node-2",
			"update platform-worker-node-2-join", "create-replacement platform-control-plane-member-worker-node-2",
			"update platform-worker-node-2-labels")
		assertUntouched(t, up, "worker-node-1")
		again, err := stack.Up(t.Context(), "--expect-no-changes")
		require.NoError(t, err)
		assert.Empty(t, again.Describe())
	})
	part("destroy_leaves_nothing", func(t *testing.T) {
		_, err := stack.Destroy(t.Context())
		require.NoError(t, err)
		state, err := stack.Export(t.Context())
		require.NoError(t, err)
		assert.Empty(t, state.Resources)
		assert.Empty(t, p.resources().Resources)
		require.NoError(t, stack.Remove(t.Context()))
	})
}

// assertOrder says that an operation did these to resources of these names, in this order, among other things.
func assertOrder(t *testing.T, result *engine.Result, steps ...string) {
	t.Helper()
	var all []string
	for _, step := range result.Steps {
		all = append(all, step.Op+" "+step.URN.Name())
	}
	rest := all
	for _, step := range steps {
		i := slices.Index(rest, step)
		require.GreaterOrEqual(t, i, 0, "no %q where it belongs in\n%s", step, strings.Join(all, "\n"))
		rest = rest[i+1:]
	}
}

// assertUntouched says that nothing about a node was changed but for its firewall rules, which other nodes have a part in.
func assertUntouched(t *testing.T, result *engine.Result, node string) {
	t.Helper()
	for _, step := range result.Changed() {
		assert.NotContains(t, step.URN.Name(), node, step.String())
	}
}

// devNodes are the nodes of the checked-in dev stack.
func devNodes(t *testing.T) []any {
	t.Helper()
	body, err := os.ReadFile("../../../Pulumi.dev.yaml")
	require.NoError(t, err)
	var file struct {
		Config map[string]any `json:"config"`
	}
	require.NoError(t, yaml.Unmarshal(body, &file))
	nodes, ok := file.Config["ecommerce-platform:nodes"].([]any)
	require.True(t, ok)
	return slices.Clone(nodes)
}

// clientKey is the administrator's private key in a kubeconfig, as it is written there.
func clientKey(t *testing.T, kubeconfig string) string {
	t.Helper()
	body, err := os.ReadFile(kubeconfig)
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(body), "client-key-data: ")
	require.True(t, found)
	key, _, _ := strings.Cut(rest, "}")
	return key
}

// assertNoSecrets looks for the stack's secrets, and others, in what may be read by anybody: as they are, in base64, and
// inside of what is said to be a private key.
func assertNoSecrets(t *testing.T, text string, others ...string) {
	t.Helper()
	for _, secret := range append([]string{keySeed, databasePassword, "OPENSSH PRIVATE KEY"}, others...) {
		assert.False(t, strings.Contains(text, secret), "a secret shows: %.12s…", secret) //nolint:testifylint // would print the secret
		encoded := base64.RawStdEncoding.EncodeToString([]byte(secret))
		assert.False(t, strings.Contains(text, encoded), "a secret shows in base64: %.12s…", secret) //nolint:testifylint // would print the secret
	}
}
