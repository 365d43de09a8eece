package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/cluster"
	"ecommerce-platform/tests/pulumitest"
)

const (
	keyPair = "aws:ec2/keyPair:KeyPair"
	command = "command:remote:Command"
)

// lastUpdate makes the run one of a stack that an earlier update left with these outputs.
func lastUpdate(outputs map[string]any) pulumitest.Option {
	return pulumitest.Invoke(readStackOutputs, func(args map[string]any) (map[string]any, error) {
		return map[string]any{"name": args["name"], "outputs": outputs}, nil
	})
}

// loggedIn are the keys of a platform with these labels.
func loggedIn(t *testing.T, labels ...string) *cluster.Keys {
	t.Helper()
	keys, err := cluster.DeriveKeys(testSeed, labels, []string{"worker-node-1"})
	require.NoError(t, err)
	return keys
}

func TestLoginKeys(t *testing.T) {
	keys := loggedIn(t, "2026-12-01", "")
	rec, err := run(t, devStack(t).with("loginKeys", `["2026-12-01",""]`), secrets())
	require.NoError(t, err)
	step := rec.Get(t, command, "platform-worker-node-1-login-keys")
	assert.Equal(t, keys.Logins[0].Private, step.Input("connection.privateKey"), "the first one logs in")
	assert.Contains(t, step.InputString("create"), strings.Join(keys.Authorized(), "\n"), "every node takes all of them")
	assert.Equal(t, keys.Logins[0].Public, rec.Get(t, keyPair, "platform-login").Input("publicKey"))
	for _, key := range keys.Authorized() {
		assert.Contains(t, rec.Get(t, infraInstance, "worker-node-1").InputString("userData"), key, "new machines as well")
	}
	assert.Equal(t, []any{"2026-12-01", ""}, rec.Export(loginKeysOutput))
	assert.False(t, rec.IsSecretExport(loginKeysOutput))
	assert.Empty(t, rec.FindPlain(strings.Split(keys.Logins[1].Private, "\n")[3]))

	t.Run("without labels it is the key of before there were any", func(t *testing.T) {
		rec, err := run(t, devStack(t), secrets())
		require.NoError(t, err)
		assert.Equal(t, loggedIn(t, "").Logins[0].Private, rec.Get(t, command, "platform-worker-node-1-login-keys").Input("connection.privateKey"))
		assert.Equal(t, []any{""}, rec.Export(loginKeysOutput))
	})
	t.Run("a node that was left out of the update does not take it", func(t *testing.T) {
		left := pulumitest.Outputs(command, func(r *pulumitest.Resource) map[string]any {
			if r.Name == "platform-worker-node-1-login-keys" {
				return map[string]any{"create": loggedIn(t, "").Logins[0].Public}
			}
			return nil
		})
		rec, err := run(t, devStack(t).with("loginKeys", `["","2026-12-01"]`), secrets(), left)
		require.NoError(t, err)
		assert.Equal(t, []any{""}, rec.Export(loginKeysOutput))
	})
	t.Run("the seed is the same seed with other labels", func(t *testing.T) {
		_, err := run(t, devStack(t).with("loginKeys", `["2026-12-01"]`), secrets(), created(t, devStack(t)))
		require.NoError(t, err)
	})
	t.Run("labels that are none", func(t *testing.T) {
		rec, err := run(t, devStack(t).with("loginKeys", `["a b"]`), secrets())
		require.ErrorContains(t, err, `loginKeys[0] "a b": must be at most 63 letters`)
		assert.Empty(t, rec.All(), "nothing may be registered")
		_, err = run(t, devStack(t).with("loginKeys", `[]`), secrets())
		require.ErrorContains(t, err, `loginKeys []: at least one label is required`)
	})
}

// A rotation goes from one list to the next, and each has to take the key that the other one logs in with.
func TestRotationOfLoginKeys(t *testing.T) {
	const early, late = "no update has authorized it yet", "which came first in the last update"
	cases := map[string]struct {
		last      any
		now, want string
	}{
		"one more":                        {[]any{""}, `["","b"]`, ""},
		"which then comes first":          {[]any{"", "b"}, `["b",""]`, ""},
		"and stays alone":                 {[]any{"b", ""}, `["b"]`, ""},
		"back again":                      {[]any{"b", ""}, `["","b"]`, ""},
		"a new one first":                 {[]any{""}, `["b",""]`, early},
		"a new one alone":                 {[]any{""}, `["b"]`, early},
		"the one that logged in is gone":  {[]any{"", "b"}, `["b"]`, late},
		"an update of before labels":      {nil, `["b",""]`, early},
		"an update of before labels, add": {nil, `["","b"]`, ""},
	}
	for name, c := range cases {
		for _, layers := range []string{`["infra","cluster","workloads"]`, `["infra"]`} {
			t.Run(name+" "+layers, func(t *testing.T) {
				last := map[string]any{"nodes": []any{}, "kubeconfig": pulumitest.Secret("kind: Config\n")}
				if c.last != nil {
					last[loginKeysOutput] = c.last
				}
				values := devStack(t).with("layers", layers).with("loginKeys", c.now)
				for _, mode := range []pulumitest.Option{lastUpdate(last), pulumitest.PreviewUpdate()} {
					rec, err := run(t, values, secrets(), lastUpdate(last), mode)
					if c.want == "" {
						require.NoError(t, err)
						continue
					}
					require.ErrorContains(t, err, c.want)
					require.ErrorContains(t, err, "loginKeys")
					assert.Equal(t, []string{stash}, rec.Types(), "nothing else may be registered")
				}
			})
		}
	}
	t.Run("on a new platform any may be first", func(t *testing.T) {
		_, err := run(t, devStack(t).with("loginKeys", `["b"]`), secrets(), lastUpdate(map[string]any{}))
		require.NoError(t, err)
	})
}

func TestStacksOfOneLayerRotateLoginKeys(t *testing.T) {
	s := newSplit(t)
	for _, layer := range allLayers {
		_, err := s.up(t, layer)
		require.NoError(t, err)
	}
	s.values["cluster"] = s.values["cluster"].with("loginKeys", `["","b"]`)
	_, err := s.up(t, "cluster", lastUpdate(s.outputs["cluster"]))
	require.ErrorContains(t, err, `loginKeys ["","b"]: is [""] in the stack acme/ecommerce-platform/prod-infra`)
	for _, labels := range []string{`["","b"]`, `["b",""]`, `["b"]`} {
		for _, layer := range []string{"infra", "cluster"} {
			s.values[layer] = s.values[layer].with("loginKeys", labels)
			rec, err := s.up(t, layer, lastUpdate(s.outputs[layer]))
			require.NoError(t, err, "%s in %s", labels, layer)
			assert.Len(t, rec.Export(loginKeysOutput), strings.Count(labels, ",")+1)
		}
	}
	rec, err := s.up(t, "workloads")
	require.NoError(t, err, "which has no part in it")
	assert.NotContains(t, rec.ExportNames(), loginKeysOutput)
}
