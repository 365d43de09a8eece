//go:build lab && lifecycle

package lifecycle

import (
	"encoding/json"
	"errors"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/labtest"
)

const (
	dataBackup, clusterBackup = "platform-backup@data.service", "platform-backup@cluster.service"
	// impatient lets a backup wait for seconds where it would wait for minutes.
	impatient = "/run/systemd/system/platform-backup@.service.d/impatient.conf"
)

// testBackupIsWholeOrNone takes the API server away from a backup, and starts several at once.
func testBackupIsWholeOrNone(t *testing.T) {
	backUp := func(run string) {
		never := "2099-01-01"
		require.NoError(t, shop.Set(t.Context(), map[string]any{"backup": map[string]any{
			"destination": backupDirectory, "schedule": map[string]any{"cluster": never, "data": never}, "run": run,
		}}))
		_, err := shop.Stack.Up(t.Context())
		require.NoError(t, err)
	}
	backUp("before")
	t.Run("a database that nobody can ask for", func(t *testing.T) {
		before := stored(t)
		requireStored(t, before, "postgres.sql")
		since := clock(t)
		const manifest, aside = "/etc/kubernetes/manifests/kube-apiserver.yaml", "/etc/kubernetes/kube-apiserver.yaml"
		onMachine(t, "control-plane", "mkdir -p "+path.Dir(impatient)+" && printf '[Service]\\nEnvironment=PLATFORM_WAIT=10\\n' >"+impatient+
			" && systemctl daemon-reload && mv "+manifest+" "+aside)
		back := func() {
			onMachine(t, "control-plane", "rm -f "+impatient+" && systemctl daemon-reload && { test ! -e "+aside+" || mv "+aside+" "+manifest+"; }")
		}
		defer back()
		answers := func() error {
			_, err := shop.TryKubectl(t.Context(), "get", "--raw=/readyz", "--request-timeout=2s")
			return err
		}
		labtest.Eventually(t, time.Minute, func() error {
			if answers() == nil {
				return errors.New("the API server still answers")
			}
			return nil
		})

		_, err := shop.OnMachine(t.Context(), "control-plane", "systemctl", "start", dataBackup)
		require.Error(t, err, "a backup without the database is none")
		assert.Contains(t, journal(t, dataBackup, since), "FAILED: whether there is a deployment/postgres in ecommerce is not known")
		assert.Equal(t, before, stored(t), "nothing was stored, and nothing pruned")

		back()
		labtest.Eventually(t, 3*time.Minute, answers)
		onMachine(t, "control-plane", "systemctl start "+dataBackup)
		assert.Len(t, stored(t), len(before)+1, "one more, once the API server answers")
	})
	t.Run("several at once", func(t *testing.T) {
		before := stored(t)
		since := clock(t)
		var all sync.WaitGroup
		for _, unit := range []string{dataBackup, clusterBackup} {
			all.Go(func() {
				_, err := shop.OnMachine(t.Context(), "control-plane", "systemctl", "start", unit)
				assert.NoError(t, err, unit)
			})
		}
		backUp("at the same time")
		all.Wait()
		assert.Len(t, stored(t), len(before)+4, "the timers' two, and backup.run's two")
		// Each stages its points in one directory: what one does begins after the other's is stored.
		begin, end := atWork(t, dataBackup, since)
		began, ended := atWork(t, clusterBackup, since)
		assert.True(t, end <= began || ended <= begin, "data %f to %f, cluster %f to %f", begin, end, began, ended)
	})
	require.NoError(t, shop.Set(t.Context(), nil))
	_, err := shop.Stack.Up(t.Context())
	require.NoError(t, err)
}

// point is one of the repository, whole or not.
type point struct {
	ID   string   `json:"short_id"`
	Tags []string `json:"tags"`
}

// stored lists the points that the repository has, as restic itself tells them.
func stored(t *testing.T) (points []point) {
	t.Helper()
	text := onMachine(t, "control-plane", "RESTIC_PASSWORD_FILE=/var/lib/platform/backup/password restic --repo "+backupDirectory+" snapshots --json")
	require.NoError(t, json.Unmarshal([]byte(text), &points))
	return points
}

func requireStored(t *testing.T, points []point, kind string) {
	t.Helper()
	require.True(t, slices.ContainsFunc(points, func(p point) bool { return slices.Contains(p.Tags, "holds:"+kind) }), "%v", points)
}

// clock is the machine's.
func clock(t *testing.T) string {
	t.Helper()
	return strings.TrimSpace(onMachine(t, "control-plane", "date +%s"))
}

func journal(t *testing.T, unit, since string) string {
	t.Helper()
	return onMachine(t, "control-plane", "journalctl --no-pager --output short-unix --unit "+unit+" --since @"+since)
}

// atWork is from when to when a backup had the lock, in seconds of the machine.
func atWork(t *testing.T, unit, since string) (begin, end float64) {
	t.Helper()
	for line := range strings.Lines(journal(t, unit, since)) {
		at, err := strconv.ParseFloat(strings.Fields(line)[0], 64)
		switch {
		case strings.Contains(line, "backup: saving etcd") || strings.Contains(line, "backup: dumping"):
			require.NoError(t, err)
			begin = at
		case strings.Contains(line, "backup: the backup is stored"):
			require.NoError(t, err)
			end = at
		}
	}
	require.Positive(t, begin)
	require.Greater(t, end, begin)
	return begin, end
}
