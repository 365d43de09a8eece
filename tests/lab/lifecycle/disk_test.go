//go:build lab && lifecycle

package lifecycle

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// testDatabaseOutlivesItsMachine gives the database a disk of its own and takes its machine away: the machine in its place has every order.
func testDatabaseOutlivesItsMachine(t *testing.T) {
	requireWhole(t)
	settings, err := shop.Settings(t.Context())
	require.NoError(t, err)
	config := func(giB int) map[string]any {
		return map[string]any{"postgres": over(settings["postgres"], map[string]any{
			"volumeType": "gp3", "volume": "postgres-disk", "volumeGiB": giB, "moved": "disk",
		})}
	}
	update := func(config map[string]any) {
		require.NoError(t, shop.Set(t.Context(), config))
		_, err := shop.Stack.Up(t.Context())
		require.NoError(t, err)
		requireWhole(t)
		requireServed(t)
	}
	update(config(1))
	first := placeOrder(t)
	assert.Equal(t, 1, volumeGiB(t))

	update(config(2))
	assert.Equal(t, 2, volumeGiB(t), "it grows in use")
	assert.Equal(t, first, askOrder(t, first.ID))
	last := placeOrder(t)

	start := time.Now()
	loseMachine(t, lost)
	requireWhole(t)
	requireServed(t)
	note(t, "the machine of a database with a disk of its own is lost", "another one is in its place %s after the loss", time.Since(start).Round(time.Second))
	assert.Equal(t, first, askOrder(t, first.ID), "no backup was needed")
	assert.Equal(t, last, askOrder(t, last.ID), "nor is the last order lost")
	requireUnchanged(t)

	// A volume can be given up once its machine is gone.
	require.NoError(t, shop.Set(t.Context(), nil))
	loseMachine(t, lost)
	requireWhole(t)
	requireServed(t)
	placeOrder(t)
	requireUnchanged(t)
}

// loseMachine removes a node's machine, and puts another one in its place.
func loseMachine(t *testing.T, node string) {
	t.Helper()
	container, err := shop.Container(t.Context(), node)
	require.NoError(t, err)
	_, err = docker("rm", "--force", "--volumes", container)
	require.NoError(t, err)
	_, err = shop.Stack.Refresh(t.Context())
	require.NoError(t, err)
	_, err = shop.Stack.Up(t.Context())
	require.NoError(t, err)
}

// volumeGiB is the size of the file system below the database's data.
func volumeGiB(t *testing.T) int {
	t.Helper()
	container, err := shop.Container(t.Context(), lost)
	require.NoError(t, err)
	text, err := docker("exec", container, "findmnt", "--noheadings", "--bytes", "--output", "SIZE", "/var/lib/platform/volumes/postgres-disk")
	require.NoError(t, err)
	var bytes int
	_, err = fmt.Sscan(strings.TrimSpace(text), &bytes)
	require.NoError(t, err)
	return (bytes + 1<<29) >> 30 // less what the file system keeps for itself
}
