package engine_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/engine"
)

// TestLoginKeysChangeNoMachine shows what the engine makes of user data that are ignored: machines that run keep theirs, and one
// that takes another one's place has the present ones.
func TestLoginKeysChangeNoMachine(t *testing.T) {
	p := newPlatform(t)
	stack := p.stack("dev-infra", map[string]any{"layers": []any{"infra"}})
	rotate := func(labels ...any) *engine.Result {
		t.Helper()
		p.configure(stack, map[string]any{"layers": []any{"infra"}, "loginKeys": labels})
		up, err := stack.Up(t.Context())
		require.NoError(t, err)
		return up
	}
	rotate("")
	first := p.inputs(t, stack, "platform-login")["publicKey"]
	assert.Empty(t, rotate("", "second").Changed(), "it is the cluster's step that authorizes it on machines that run")
	for _, step := range rotate("second", "").Changed() {
		assert.Equal(t, "aws:ec2/keyPair:KeyPair", string(step.URN.Type()), step.String())
	}
	second := p.inputs(t, stack, "platform-login")["publicKey"]
	require.NotEqual(t, first, second)
	assert.Empty(t, rotate("second").Changed())
	assert.Contains(t, p.inputs(t, stack, "worker-node-1")["userData"], first, "as at its first boot")

	p.configure(stack, map[string]any{"layers": []any{"infra"}, "loginKeys": []any{"third"}})
	_, err := stack.Up(t.Context())
	require.ErrorContains(t, err, `loginKeys[0] "third": no update has authorized it yet`)

	nodes := devNodes(t)
	moved, ok := nodes[1].(map[string]any)
	require.True(t, ok)
	moved["privateIp"] = "172.31.2.240"
	p.configure(stack, map[string]any{"layers": []any{"infra"}, "loginKeys": []any{"second"}, "nodes": nodes})
	up, err := stack.Up(t.Context())
	require.NoError(t, err)
	assertOrder(t, up, "delete-replaced worker-node-1", "create-replacement worker-node-1")
	assert.Contains(t, p.inputs(t, stack, "worker-node-1")["userData"], second)
	assert.NotContains(t, p.inputs(t, stack, "worker-node-1")["userData"], first)
	assert.Equal(t, p.inputs(t, stack, "platform-login")["keyName"], p.inputs(t, stack, "worker-node-1")["keyName"])
	assert.Contains(t, p.inputs(t, stack, "worker-node-2")["userData"], first)

	// The key pair that it was launched with is gone.
	p.configure(stack, map[string]any{"layers": []any{"infra"}, "loginKeys": []any{"second"}, "nodes": nodes, "instanceType": "t3.large"})
	_, err = stack.Up(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "t3.large", p.inputs(t, stack, "worker-node-2")["instanceType"])
}

// inputs are those of the key pair or machine of this name, in the clear.
func (p *platform) inputs(t *testing.T, stack *engine.Stack, name string) map[string]string {
	t.Helper()
	state, err := stack.Export(t.Context(), "--show-secrets")
	require.NoError(t, err)
	inputs := map[string]string{}
	for _, r := range state.Resources {
		if kind := string(r.URN.Type()); r.URN.Name() != name || !strings.HasSuffix(kind, ":Instance") && !strings.HasSuffix(kind, ":KeyPair") {
			continue
		}
		for key, value := range r.Inputs {
			switch value := value.(type) {
			case string:
				inputs[key] = value
			case map[string]any:
				text, _ := value["plaintext"].(string) // JSON, where it is a secret
				var plain string
				if json.Unmarshal([]byte(text), &plain) == nil {
					inputs[key] = plain
				}
			}
		}
	}
	require.NotEmpty(t, inputs, "no %s in the state", name)
	return inputs
}
