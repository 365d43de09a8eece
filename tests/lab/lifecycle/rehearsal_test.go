//go:build lab

package lifecycle

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const backupDirectory = "/var/backups/platform"

// rehearsal is the setting backup, as it changes in a test. Nothing but the test takes backups meanwhile.
type rehearsal map[string]any

func rehearse() rehearsal {
	const never = "2099-01-01"
	return rehearsal{"destination": backupDirectory, "schedule": map[string]any{"cluster": never, "data": never}}
}

// apply asks for a run or a restore under a name, and tells how long the update took.
func (r rehearsal) apply(t *testing.T, what, key string) time.Duration {
	switch key {
	case "run":
		r["run"] = what
	case "restore":
		r["restore"] = map[string]any{"cluster": "latest@" + what, "data": "overwrite:latest@" + what}
	}
	require.NoError(t, shop.Set(t.Context(), map[string]any{"backup": map[string]any(r)}))
	start := time.Now()
	_, err := shop.Stack.Up(t.Context())
	require.NoError(t, err)
	require.NoError(t, shop.Connect(t.Context()))
	return time.Since(start)
}

// first takes a backup of everything: whole, encrypted, and from then on by itself.
func (r rehearsal) first(t *testing.T) {
	r.apply(t, "first", "run")
	points, ok := shop.Outputs["backups"].([]any)
	require.True(t, ok)
	assert.Equal(t, []string{"etcd", "postgres.sql"}, holds(t, points), "the output backups")
	checkBackupIsEncrypted(t)
	timers, err := shop.OnMachine(t.Context(), "control-plane", "systemctl", "list-timers", "--no-pager")
	require.NoError(t, err)
	assert.Contains(t, timers, "platform-backup-cluster.timer")
	assert.Contains(t, timers, "platform-backup-data.timer")
}

// holds is what each point holds, sorted.
func holds(t *testing.T, points []any) (kinds []string) {
	t.Helper()
	for _, item := range points {
		point, ok := item.(map[string]any)
		require.True(t, ok)
		kind, ok := point["holds"].(string)
		require.True(t, ok, "%v", point)
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	return kinds
}

// checkBackupIsEncrypted looks for what every backup holds in the files of the repository.
func checkBackupIsEncrypted(t *testing.T) {
	t.Helper()
	files := onMachine(t, "control-plane", "find "+backupDirectory+" -type f | wc -l; grep -rlE 'PRIVATE KEY|CREATE TABLE|registry/configmaps' "+
		backupDirectory+" || true; ls /var/lib/platform/backup")
	lines := strings.Fields(files)
	assert.NotEqual(t, "0", lines[0], "files of the repository")
	assert.NotContains(t, files, backupDirectory, "files with plain text")
	assert.NotContains(t, lines, "stage", "what was not encrypted is gone")
}

func onMachine(t *testing.T, node, script string) string {
	t.Helper()
	text, err := shop.OnMachine(t.Context(), node, "sh", "-c", script)
	require.NoError(t, err)
	return text
}
