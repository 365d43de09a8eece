package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/pulumitest"
)

const stash = "pulumi:index:Stash"

// created makes the run one of a platform that exists and was created with these values.
func created(t *testing.T, values stack) pulumitest.Option {
	t.Helper()
	rec, err := run(t, values, secrets())
	require.NoError(t, err)
	memory := map[string]any{}
	for _, name := range rec.Names(stash) {
		memory[name] = rec.Get(t, stash, name).Input("input")
	}
	return pulumitest.Outputs(stash, func(r *pulumitest.Resource) map[string]any { return map[string]any{"output": memory[r.Name]} })
}

func TestImmutableKeys(t *testing.T) {
	const nodes = `[{"name":"%s","role":"control-plane","privateIp":"%s"},
		{"name":"worker-node-2","role":"worker","privateIp":"172.31.7.250","labels":{"tier":"backend"}},
		{"name":"worker-node-1","role":"worker","privateIp":"172.31.2.239","labels":{"tier":"frontend"}}]`
	cases := map[string]struct {
		key, value, want string
	}{
		"VPC":           {"vpcCidr", "172.31.0.0/18", `vpcCidr "172.31.0.0/18": is immutable, and the platform was created with "172.31.0.0/19"; `},
		"subnet":        {"subnetCidr", "172.31.0.0/19", `subnetCidr "172.31.0.0/19": is immutable`},
		"zone":          {"availabilityZone", "eu-central-1b", `availabilityZone "eu-central-1b": is immutable, and the platform was created with ""; `},
		"pods":          {"podCidr", "10.8.0.0/16", `podCidr "10.8.0.0/16": is immutable`},
		"Services":      {"serviceCidr", "10.112.0.0/12", `serviceCidr "10.112.0.0/12": is immutable`},
		"namespace":     {"namespace", "shop", `namespace "shop": is immutable, and the platform was created with "ecommerce"; `},
		"layers":        {"layers", `["infra","cluster"]`, `layers ["cluster","infra"]: is immutable`},
		"control plane": {"nodes", fmt.Sprintf(nodes, "main", "172.31.15.119"), `nodes[0].name "main": is immutable, and the platform was created with "control-plane"; `},
		"its address":   {"nodes", fmt.Sprintf(nodes, "control-plane", "172.31.15.120"), `nodes[0].privateIp "172.31.15.120": is immutable`},
	}
	platform := devStack(t).with("vpcCidr", "172.31.0.0/19").with("subnetCidr", "172.31.0.0/20")
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			exists := created(t, platform)
			for _, mode := range []pulumitest.Option{exists, pulumitest.PreviewUpdate()} {
				rec, err := run(t, platform.with(c.key, c.value), secrets(), exists, mode)
				require.ErrorContains(t, err, c.want)
				assert.Equal(t, []string{stash}, slices.Compact(rec.Types()), "nothing else may be registered")
			}
		})
	}
	t.Run("the seed of the keys, without telling it", func(t *testing.T) {
		_, err := run(t, devStack(t), stack{"keySeed": "another seed that only this test knows, 0123456789", "databasePassword": testPassword},
			created(t, devStack(t)))
		require.ErrorContains(t, err, "keySeed <secret, with the login key ssh-ed25519 ")
		assert.NotContains(t, err.Error(), testSeed)
	})
	t.Run("every one at once", func(t *testing.T) {
		_, err := run(t, devStack(t).with("podCidr", "10.8.0.0/16").with("namespace", "shop"), secrets(), created(t, devStack(t)))
		require.ErrorContains(t, err, "podCidr ")
		require.ErrorContains(t, err, "namespace ")
	})
	t.Run("the order of lists says nothing", func(t *testing.T) {
		values := devStack(t).with("nodes", fmt.Sprintf(nodes, "control-plane", "172.31.15.119")).with("layers", `["workloads","cluster","infra"]`)
		_, err := run(t, values, secrets(), created(t, devStack(t)))
		require.NoError(t, err)
	})
	t.Run("a default that is spelt out says nothing", func(t *testing.T) {
		_, err := run(t, devStack(t).with("subnetCidr", "172.31.0.0/20"), secrets(), created(t, devStack(t)))
		require.NoError(t, err)
	})
	t.Run("a key unknown when the platform was created", func(t *testing.T) {
		older := pulumitest.Outputs(stash, func(*pulumitest.Resource) map[string]any { return map[string]any{"output": map[string]any{}} })
		_, err := run(t, devStack(t), secrets(), older)
		require.NoError(t, err)
	})
}

func TestEveryImmutableKeyIsDescribedAsSuch(t *testing.T) {
	config := &Config{Layers: allLayers, Nodes: []Node{{Role: "control-plane"}}, KeySeed: testSeed}
	keys := map[string]declaredKey{}
	for _, key := range declaredKeys(t) {
		keys[key.Name] = key
	}
	refused := map[string]bool{}
	for _, key := range config.immutable() {
		name, _, field := strings.Cut(key.name, "[")
		refused[name] = true
		assert.Contains(t, keys[name].Description, "refused", name)
		assert.Equal(t, !field, strings.HasSuffix(keys[name].Description, " Later: refused."), name)
	}
	for name, key := range keys {
		if strings.HasSuffix(key.Description, " Later: refused.") {
			assert.True(t, refused[name], "%s is described as refused", name)
		}
	}
}

func TestKeysAreDerivedOnce(t *testing.T) {
	config := &Config{Layers: allLayers, Nodes: []Node{{Name: "control-plane", Role: "control-plane"}}, KeySeed: testSeed}
	keys, err := config.keys()
	require.NoError(t, err)
	again, err := config.keys()
	require.NoError(t, err)
	assert.Same(t, keys, again)
	config = &Config{Layers: allLayers, KeySeed: "short"}
	for range 2 {
		_, err = config.keys()
		require.ErrorContains(t, err, "keySeed <secret>: must have at least 32 characters")
	}
}

func TestTheDatabasesDataDoNotMoveByThemselves(t *testing.T) {
	nodes := `[{"name":"control-plane","role":"control-plane","privateIp":"172.31.15.119"},
		{"name":"worker-node-0","role":"worker","privateIp":"172.31.2.1","labels":{"tier":"backend"}},
		{"name":"worker-node-1","role":"worker","privateIp":"172.31.2.239","labels":{"tier":"frontend"}},
		{"name":"worker-node-2","role":"worker","privateIp":"172.31.7.250","labels":{"tier":"backend"}}]`
	two := devStack(t).with("nodes", nodes).with("postgres", `{"node":"worker-node-2"}`)
	for name, c := range map[string]struct{ postgres, want string }{
		"node":   {`{"node":"worker-node-0"%s}`, `postgres.node "worker-node-0": the data were made with "worker-node-2" and do not follow by themselves; set it back, or move them`},
		"volume": {`{"node":"worker-node-2","volume":"other"%s}`, `postgres.volume "other": the data were made with "postgres"`},
		"major":  {`{"node":"worker-node-2","image":"postgres:17"%s}`, `postgres.image "17": the data were made with "16"`},
	} {
		t.Run(name, func(t *testing.T) {
			exists := created(t, two)
			for _, mode := range []pulumitest.Option{exists, pulumitest.PreviewUpdate()} {
				rec, err := run(t, two.with("postgres", fmt.Sprintf(c.postgres, "")), secrets(), exists, mode)
				require.ErrorContains(t, err, c.want)
				assert.ElementsMatch(t, []string{immutableName, placeName}, rec.Names(stash))
				assert.Len(t, rec.Types(), 1, "nothing else may be registered")
			}
		})
		t.Run(name+", when the data are moved", func(t *testing.T) {
			rec, err := run(t, two.with("postgres", fmt.Sprintf(c.postgres, `,"moved":"today"`)), secrets())
			require.NoError(t, err)
			assert.Contains(t, rec.Names(stash), placeName+"-today")
		})
	}
	t.Run("another worker that may hold them, in front or gone, changes nothing", func(t *testing.T) {
		_, err := run(t, two, secrets(), created(t, devStack(t)))
		require.NoError(t, err)
		_, err = run(t, devStack(t), secrets(), created(t, two))
		require.NoError(t, err)
	})
}
