package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// NewPolicyPack drops its enforcement level, so a rule that states none would be advisory without a word.
func TestEveryPolicyStatesWhatItIs(t *testing.T) {
	pack, err := newPack(nil)
	require.NoError(t, err)
	assert.Equal(t, "ecommerce-platform", pack.Name())
	assert.Equal(t, version, pack.Version())
	for _, policy := range pack.Policies() {
		assert.NotEmpty(t, policy.Name())
		assert.NotEmpty(t, policy.Description(), policy.Name())
		assert.NotZero(t, policy.EnforcementLevel(), policy.Name())
	}
}
