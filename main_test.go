package main

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/cluster"
	"ecommerce-platform/infra"
	"ecommerce-platform/tests/pulumitest"
	"ecommerce-platform/workloads"
)

const (
	testSeed     = "a seed that only this test knows, 0123456789"
	testPassword = "a-password-that-only-this-test-knows"
)

const infraInstance = "aws:ec2/instance:Instance"

// stack is a configuration as the engine passes it, by key.
type stack map[string]string

// devStack is the specification's topology with the one key that has no default a person must choose.
func devStack(t *testing.T) stack {
	t.Helper()
	return stackFile(t, "tests/testdata/stack.yaml").with("adminCidrs", `["203.0.113.7/32"]`)
}

func (s stack) with(key, value string) stack {
	changed := maps.Clone(s)
	changed[key] = value
	return changed
}

func run(t *testing.T, values stack, secrets stack, opts ...pulumitest.Option) (*pulumitest.Recorder, error) {
	t.Helper()
	return runProgram(t, program, values, secrets, opts...)
}

func runProgram(t *testing.T, program pulumi.RunFunc, values stack, secrets stack, opts ...pulumitest.Option) (*pulumitest.Recorder, error) {
	t.Helper()
	all := map[string]string{}
	for _, part := range []stack{values, secrets} {
		for key, value := range part {
			all["ecommerce-platform:"+key] = value
		}
	}
	document, err := json.Marshal(all)
	require.NoError(t, err)
	t.Setenv(pulumi.EnvConfig, string(document))
	opts = append(opts, pulumitest.Config(values), pulumitest.SecretConfig(secrets))
	return pulumitest.RunErr(t, program, opts...)
}

func secrets() stack { return stack{"keySeed": testSeed, "databasePassword": testPassword} }

func TestDevStack(t *testing.T) {
	rec, err := run(t, devStack(t), secrets())
	require.NoError(t, err)

	t.Run("three layers", func(t *testing.T) {
		rec.Get(t, infra.Type, "platform")
		rec.Get(t, cluster.Type, "platform")
		rec.Get(t, workloads.Type, "shop")
	})
	t.Run("one machine per node of the specification", func(t *testing.T) {
		assert.Equal(t, []string{"control-plane", "worker-node-1", "worker-node-2"}, rec.Names("aws:ec2/instance:Instance"))
	})
	t.Run("the four tiers", func(t *testing.T) {
		assert.Len(t, rec.All("kubernetes:apps/v1:Deployment"), 4)
	})
	t.Run("outputs", func(t *testing.T) {
		assert.Equal(t, []string{"certificates", "frontendUrl", "kubeconfig", "kubeconfigAdmin", "kubeconfigEdit", "kubeconfigView", "loginKeys", "nodes", "services"}, rec.ExportNames())
		for _, name := range []string{"kubeconfigAdmin", "kubeconfigEdit", "kubeconfigView"} {
			assert.True(t, rec.IsSecretExport(name), name)
		}
		assert.Regexp(t, `^http://[0-9.]+:30080$`, rec.Export("frontendUrl"))
		assert.True(t, rec.IsSecretExport("kubeconfig"), "kubeconfig is an administrator's credential")
		assert.False(t, rec.IsSecretExport("nodes"))
		nodes, ok := rec.Export("nodes").([]any)
		require.True(t, ok)
		require.Len(t, nodes, 3)
		first, ok := nodes[0].(map[string]any)
		require.True(t, ok)
		assert.Equal(t, "control-plane", first["name"])
		assert.Equal(t, "control-plane", first["role"])
		assert.Equal(t, "172.31.15.119", first["privateIp"])
		assert.NotEmpty(t, first["publicIp"])
	})
	t.Run("objects are written by the same author in every run, who takes back what is declared", func(t *testing.T) {
		for _, r := range rec.All() {
			if strings.HasPrefix(r.Type, "kubernetes:") {
				assert.Equal(t, "ecommerce-platform", r.Input(`metadata.annotations["pulumi.com/patchFieldManager"]`), "%s %s", r.Type, r.Name)
				assert.Equal(t, "true", r.Input(`metadata.annotations["pulumi.com/patchForce"]`), "%s %s", r.Type, r.Name)
			}
		}
	})
	t.Run("no secret outside of secrets", func(t *testing.T) {
		assert.Empty(t, rec.FindPlain(testSeed))
		assert.Empty(t, rec.FindPlain(testPassword))
		assert.Empty(t, rec.FindPlain("PRIVATE KEY"))
	})
}

func TestSecretsOfApplicationsAreSecret(t *testing.T) {
	values := devStack(t).with("registries", `{"ghcr.io":{"username":"deploy"}}`)
	encrypted := secrets()
	encrypted["secretEnv"] = `{"backend":{"PAYMENT_KEY":"sk-live-4711"}}`
	encrypted["registryPasswords"] = `{"ghcr.io":"pull-4711"}`
	rec, err := run(t, values, encrypted)
	require.NoError(t, err)
	const secret = "kubernetes:core/v1:Secret"
	assert.Equal(t, "sk-live-4711", rec.Get(t, secret, "shop-backend-env").Input("stringData.PAYMENT_KEY"))
	assert.Contains(t, rec.Get(t, secret, "shop-registries").Input(`stringData[".dockerconfigjson"]`), "pull-4711")
	assert.Empty(t, rec.FindPlain("sk-live-4711"))
	assert.Empty(t, rec.FindPlain("pull-4711"))
}

func TestFirstPreviewRegistersWhatTheUpdateWill(t *testing.T) {
	preview, err := run(t, devStack(t), secrets(), pulumitest.Preview())
	require.NoError(t, err)
	update, err := run(t, devStack(t), secrets())
	require.NoError(t, err)
	require.Equal(t, update.Types(), preview.Types())
	for _, kind := range update.Types() {
		assert.Equal(t, update.Names(kind), preview.Names(kind), kind)
	}
}

func TestLayeredStacks(t *testing.T) {
	lower := map[string]any{
		"nodes": []any{
			map[string]any{"name": "control-plane", "publicIp": "198.51.100.10", "instanceId": "i-10"},
			map[string]any{"name": "worker-node-1", "publicIp": "198.51.100.11", "instanceId": "i-11"},
			map[string]any{"name": "worker-node-2", "publicIp": "198.51.100.12", "instanceId": "i-12"},
		},
		"kubeconfig": pulumitest.Secret("apiVersion: v1\nkind: Config\n"),
	}
	alone, err := run(t, devStack(t).with("layers", `["infra","cluster"]`), secrets())
	require.NoError(t, err)
	lower[factsOutput] = alone.Export(factsOutput)
	whole, err := run(t, devStack(t), secrets())
	require.NoError(t, err)

	together := map[string]int{}
	for _, layer := range allLayers {
		t.Run(layer, func(t *testing.T) {
			values := devStack(t).with("layers", `["`+layer+`"]`).with("infraStack", "organization/ecommerce-platform/dev-infra").
				with("clusterStack", "organization/ecommerce-platform/dev-cluster")
			rec, err := run(t, values, secrets(),
				pulumitest.StackReference("organization/ecommerce-platform/dev-infra", lower),
				pulumitest.StackReference("organization/ecommerce-platform/dev-cluster", lower))
			require.NoError(t, err)
			for _, kind := range rec.Types() {
				if kind == "pulumi:pulumi:StackReference" || kind == stash { // one a stack
					continue
				}
				together[kind] += len(rec.Names(kind))
			}
			if layer == "workloads" {
				assert.Equal(t, "http://198.51.100.11:30080", rec.Export("frontendUrl"))
			}
		})
	}
	for _, kind := range whole.Types() {
		if kind == stash {
			continue
		}
		count := len(whole.Names(kind))
		if kind == "command:remote:Command" {
			count -= 2 * len(whole.Names(infraInstance)) // without machines there is nothing to move off them, and no disk
		}
		assert.Equal(t, count, together[kind], kind)
	}
	assert.Len(t, together, len(whole.Types())-1, "all but the Stash")
}

func TestStackOfOneLayerNeedsOnlyItsSecrets(t *testing.T) {
	values := devStack(t).with("layers", `["infra"]`)
	_, err := run(t, values, stack{"keySeed": testSeed})
	require.NoError(t, err)

	_, err = run(t, values, stack{"databasePassword": testPassword})
	require.ErrorContains(t, err, "keySeed")
	assert.NotContains(t, err.Error(), "databasePassword")
}

func TestWrongConfiguration(t *testing.T) {
	cases := map[string]struct {
		key, value, want string
	}{
		"unknown key":              {"adminCidr", "[]", `adminCidr "[]": unknown key`},
		"unknown key in an object": {"redis", `{"replica":3}`, `redis.replica 3: unknown key`},
		"unknown key in a list":    {"nodes", `[{"name":"a","tier":"x"}]`, `nodes[0].tier "x": unknown key`},
		"not a number":             {"nodePort", "many", `nodePort "many": must be of type integer`},
		"text for a number":        {"frontend", `{"replicas":"four"}`, `frontend.replicas string: must be of type int`},
		"text for a backend's":     {"backend", `{"replicas":"four"}`, `backend.replicas string: must be of type int`},
		"a number for a text":      {"backend", `{"env":{"LEVEL":3}}`, `backend.env number: must be of type string`},
		"unknown layer":            {"layers", `["infra","apps"]`, `layers[1] "apps": must be infra, cluster or workloads`},
		"layer twice":              {"layers", `["infra","infra"]`, `layers[1] "infra": duplicate of layers[0]`},
		"no layer":                 {"layers", `[]`, `layers []: at least one of infra, cluster and workloads is required`},
		"layer left out":           {"layers", `["infra","workloads"]`, `layers ["infra" "workloads"]: cluster lies between infra and workloads and cannot be left out`},
		"lower stack unnamed":      {"layers", `["cluster"]`, `infraStack <unset>: required, since this stack's name "dev" does not end in -cluster`},
		"no admin":                 {"adminCidrs", `[]`, `adminCidrs <unset>: required`},
		"a misspelt setting":       {"monitoring", `{"retention":3}`, `monitoring.retention 3: unknown key`},
		"no node":                  {"nodes", `[]`, `nodes (0 with role control-plane): exactly one control plane is required`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			rec, err := run(t, devStack(t).with(c.key, c.value), secrets())
			require.ErrorContains(t, err, c.want)
			assert.Empty(t, rec.All(), "nothing may be registered")
		})
	}
	t.Run("missing secrets", func(t *testing.T) {
		_, err := run(t, devStack(t), nil)
		require.ErrorContains(t, err, "keySeed")
		require.ErrorContains(t, err, "databasePassword <unset>: required")
	})
	t.Run("secret in plain", func(t *testing.T) {
		_, err := run(t, devStack(t).with("keySeed", testSeed), stack{"databasePassword": testPassword})
		require.ErrorContains(t, err, "keySeed <secret>: must be set with `pulumi config set --secret keySeed`")
		assert.NotContains(t, err.Error(), testSeed)
		_, err = run(t, devStack(t).with("databasePassword", testPassword), stack{"keySeed": testSeed}, pulumitest.Preview())
		require.ErrorContains(t, err, "databasePassword <secret>: must be set with `pulumi config set --secret databasePassword`", "in a preview as well")
		assert.NotContains(t, err.Error(), testPassword)
	})
	for name, c := range map[string]struct{ key, value, want string }{
		"secret variables in plain":         {"secretEnv", `{"backend":{"KEY":"sk-live-4711"}}`, "secretEnv <secret>: must be set with `pulumi config set --secret --path secretEnv...`"},
		"a password of a registry in plain": {"registryPasswords", `{"ghcr.io":"sk-live-4711"}`, "registryPasswords <secret>: must be set with `pulumi config set --secret --path registryPasswords...`"},
		"a receiver of alerts in plain":     {"alerting", `{"webhook":"https://sk-live-4711"}`, "alerting <secret>: must be set with `pulumi config set --secret --path alerting...`"},
		"secret variables that are no JSON": {"secretEnv", `sk-live-4711`, "secretEnv <secret>: must be of type object"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := run(t, devStack(t).with(c.key, c.value), secrets())
			require.ErrorContains(t, err, c.want)
			assert.NotContains(t, err.Error(), "sk-live-4711")
		})
	}
	for name, c := range map[string]struct{ key, value, want string }{
		"an unknown tier's secrets":     {"secretEnv", `{"worker":{"KEY":"sk-live-4711"}}`, `secretEnv.worker <secret>: unknown key`},
		"an unknown way to tell":        {"alerting", `{"pager":"sk-live-4711"}`, `alerting.pager <secret>: unknown key`},
		"a wrong setting of e-mail":     {"alerting", `{"email":{"to":["sk-live-4711"]}}`, `alerting.email.to <secret>: must be of type string`},
		"a secret that is a number":     {"secretEnv", `{"backend":{"KEY":4711}}`, `secretEnv.backend <secret>: must be of type string`},
		"a secret among plain settings": {"backend", `{"env":{"KEY":"sk-live-4711"}}`, `backend <secret>: must not be encrypted, since the state holds it in plain; for secret variables there is secretEnv`},
		"an encrypted unknown setting":  {"backend", `{"secretEnv":{"KEY":"sk-live-4711"}}`, `backend.secretEnv <secret>: unknown key`},
		"an encrypted wrong value":      {"nodePort", `sk-live-4711`, `nodePort <secret>: must be of type integer`},
	} {
		t.Run(name, func(t *testing.T) {
			encrypted := secrets()
			encrypted[c.key] = c.value
			rec, err := run(t, devStack(t), encrypted)
			require.ErrorContains(t, err, c.want)
			assert.NotContains(t, err.Error(), "4711")
			assert.Empty(t, rec.All(), "nothing may be registered")
		})
	}
	t.Run("all at once and each once", func(t *testing.T) {
		values := devStack(t).with("podCidr", "192.168.0.0/40").with("nodePort", "80").with("layers", `["infra","cluster","workloads","x"]`).with("adminCidrs", `["0.0.0.0/0"]`)
		_, err := run(t, values, nil)
		require.Error(t, err)
		for _, key := range []string{"podCidr", "nodePort", "layers[3]", "adminCidrs[0]", "keySeed", "databasePassword"} {
			assert.Equal(t, 1, strings.Count(err.Error(), key+" "), key)
		}
	})
}
