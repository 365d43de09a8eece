package clients_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/clients"
	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/placement"
	"ecommerce-platform/policy/update"
)

// Orders wait while another instance becomes the primary, and while the backend itself is away.
func TestOrdersWaitForASwitchover(t *testing.T) {
	times, err := update.ReadTimes()
	require.NoError(t, err)
	runs := append(shop(), modeltest.Replicated(2, "worker-node-1", "worker-node-2"))
	before, err := placement.Simulate(t.Context(), modeltest.Dev(t, runs...))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		change  modeltest.Change
		seconds int
		because string
	}{
		"another image": {
			modeltest.Set(model.PostgresType, modeltest.Database, "spec.imageName", "docker.io/library/postgres:16.9"), times.Switchover.Seconds,
			"postgres: it rolls (CloudNativePG, standbys first, then the primary after a switchover), until another instance is the primary: 10 s",
		},
		"an instance more": {modeltest.Set(model.PostgresType, modeltest.Database, "spec.instances", 3), 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			after, u, err := update.Simulate(t.Context(), before, modeltest.Dev(t, append(runs[:len(runs):len(runs)], c.change)...))
			require.NoError(t, err)
			for _, seen := range clients.Of(before, after, u) {
				switch {
				case seen.What != clients.Orders:
					assert.Zero(t, seen.Seconds, seen.What)
				case c.because == "":
					assert.Empty(t, seen.Because)
				default:
					assert.Equal(t, c.seconds, seen.Seconds)
					assert.Equal(t, []string{c.because}, seen.Because)
				}
			}
		})
	}
}
