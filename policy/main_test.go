package main

import (
	"fmt"
	"os"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/review"
)

func TestEveryPolicyStatesWhatItIs(t *testing.T) {
	pack, err := newPack(nil)
	require.NoError(t, err)
	assert.Equal(t, "ecommerce-platform", pack.Name())
	assert.Equal(t, version, pack.Version())
	seen := map[string]bool{}
	for _, policy := range pack.Policies() {
		assert.Regexp(t, `^[a-z][a-z0-9-]+$`, policy.Name())
		assert.False(t, seen[policy.Name()], "%s is registered twice", policy.Name())
		seen[policy.Name()] = true
		assert.NotEmpty(t, policy.Description(), policy.Name())
		assert.Contains(t, []policyx.EnforcementLevel{policyx.EnforcementLevelAdvisory, policyx.EnforcementLevelMandatory},
			policy.EnforcementLevel(), policy.Name())
	}
}

func TestEveryPolicyHasARowToLinkTo(t *testing.T) {
	pack, err := newPack(nil)
	require.NoError(t, err)
	page, err := os.ReadFile("../docs/policies.md")
	require.NoError(t, err)
	levels := map[policyx.EnforcementLevel]string{policyx.EnforcementLevelAdvisory: "advisory", policyx.EnforcementLevelMandatory: "mandatory"}
	for _, policy := range pack.Policies() {
		if policy.Name() != review.Observe {
			row := fmt.Sprintf("| <a id=%q></a>`%s` | %s | %s |", policy.Name(), policy.Name(), levels[policy.EnforcementLevel()], policy.Description())
			assert.Contains(t, string(page), row)
		}
	}
}

// NewPolicyPack drops its enforcement level, so a policy that states none would be advisory without a word.
func TestWhatBreaksThePlatformFailsThePreview(t *testing.T) {
	pack, err := newPack(nil)
	require.NoError(t, err)
	levels := map[string]policyx.EnforcementLevel{}
	for _, policy := range pack.Policies() {
		levels[policy.Name()] = policy.EnforcementLevel()
	}
	for _, name := range []string{review.Placement, review.Rollout, review.Reachability, review.PackError} {
		assert.Equal(t, policyx.EnforcementLevelMandatory, levels[name], name)
	}
}
