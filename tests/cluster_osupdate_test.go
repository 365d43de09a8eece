package tests

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/pulumitest"
)

func TestClusterOSUpdate(t *testing.T) {
	updated := func(marker string) *pulumitest.Recorder {
		args := clusterArgs()
		args.OSUpdate = marker
		return clusterRun(t, args)
	}
	rec := updated("2026-11")
	step := func(name string) *pulumitest.Resource { return rec.Get(t, clusterCommand, "shop-"+name) }
	steps := []string{
		"control-plane-empty-worker-node-1", "worker-node-1-os", "control-plane-back-worker-node-1",
		"control-plane-empty-worker-node-2", "worker-node-2-os", "control-plane-back-worker-node-2",
		"control-plane-empty-control-plane", "control-plane-os", "control-plane-back-control-plane",
	}
	t.Run("one node after the other, the control plane last", func(t *testing.T) {
		for i := range steps[1:] {
			assert.True(t, rec.WaitsFor(step(steps[i+1]), step(steps[i])), "%s must wait for %s", steps[i+1], steps[i])
		}
	})
	t.Run("nothing else on machines is still at work, which a start would cut off", func(t *testing.T) {
		others := 0
		for _, r := range rec.All(clusterCommand) {
			name := strings.TrimPrefix(r.Name, "shop-")
			if !slices.Contains(steps, name) {
				others++
				assert.True(t, rec.WaitsFor(step(steps[0]), r), "%s must wait for %s", steps[0], name)
			}
		}
		assert.Greater(t, others, 10)
	})
	t.Run("another text runs these, and nothing else", func(t *testing.T) {
		other := updated("2026-12")
		var changed []string
		for _, r := range rec.All(clusterCommand) {
			if other.Get(t, clusterCommand, r.Name).InputString("create") != r.InputString("create") {
				changed = append(changed, strings.TrimPrefix(r.Name, "shop-"))
			}
		}
		assert.ElementsMatch(t, steps, changed)
	})
	t.Run("without one there are none", func(t *testing.T) {
		for _, name := range updated("").Names(clusterCommand) {
			assert.NotContains(t, steps, strings.TrimPrefix(name, "shop-"))
		}
	})
	t.Run("a text that no Node could keep", func(t *testing.T) {
		args := clusterArgs()
		args.OSUpdate = "before Christmas"
		problems := args.Validate()
		require.Len(t, problems, 1)
		require.EqualError(t, problems[0], `osUpdate "before Christmas": must be at most 63 letters, digits, dots, dashes and underscores, such as a date`)
	})
}
