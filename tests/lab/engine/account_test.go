package engine_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAccount has machines and their network in an account whose EC2 hears late of what was made and given back.
func TestAccount(t *testing.T) {
	p := newPlatform(t, "TWIN_LATE=groups=3,addresses=2")
	machines := map[string]any{"layers": []string{"infra"}}
	first := p.stack("first", machines)
	up, err := first.Up(t.Context())
	require.NoError(t, err)
	assert.Contains(t, up.Output, "retrying create due to on-error hook")
	assert.Empty(t, p.resources().Late, "every request that was refused was made again")

	t.Run("a machine gets its predecessor's address", func(t *testing.T) {
		state, err := first.Export(t.Context())
		require.NoError(t, err)
		var worker string
		for _, r := range state.Resources {
			if r.URN.Type() == "aws:ec2/instance:Instance" && r.URN.Name() == "worker-node-1" {
				worker = string(r.URN)
			}
		}
		require.NotEmpty(t, worker)
		up, err := first.Up(t.Context(), "--replace", worker)
		require.NoError(t, err)
		assertOrder(t, up, "delete-replaced worker-node-1", "create-replacement worker-node-1")
		assert.Contains(t, up.Output, "retrying create due to on-error hook")
		assert.Empty(t, p.resources().Late)
		_, err = first.Up(t.Context(), "--expect-no-changes")
		require.NoError(t, err)
	})
	t.Run("another stack shares nothing with it but the account's quota", func(t *testing.T) {
		second, err := p.stack("second", machines).Up(t.Context())
		require.Error(t, err)
		refused := slices.DeleteFunc(second.Errors(), func(message string) bool { return message == "error: update failed" })
		require.NotEmpty(t, refused)
		for _, message := range refused {
			assert.Contains(t, message, "AddressLimitExceeded: The maximum number of addresses has been reached.", "the sixth of five")
		}
		elsewhere := p.stack("elsewhere", map[string]any{"layers": []string{"infra"}, "aws:region": "eu-west-1"})
		_, err = elsewhere.Up(t.Context())
		require.NoError(t, err)
	})
}
