package toolchain

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPublish(t *testing.T) {
	t.Run("what was filled appears whole", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "parent", "thing")
		require.NoError(t, Publish(dir, func(fresh string) error {
			assert.NoFileExists(t, dir)
			return os.WriteFile(filepath.Join(fresh, "file"), []byte("x"), 0o644)
		}))
		assert.FileExists(t, filepath.Join(dir, "file"))
	})
	t.Run("what an interrupted run left is removed", func(t *testing.T) {
		parent := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(parent, ".new-thing-1"), 0o755))
		require.NoError(t, os.Mkdir(filepath.Join(parent, ".new-other-1"), 0o755))
		require.NoError(t, Publish(filepath.Join(parent, "thing"), func(string) error { return nil }))
		assert.NoDirExists(t, filepath.Join(parent, ".new-thing-1"))
		assert.DirExists(t, filepath.Join(parent, ".new-other-1"))
	})
	t.Run("a failure leaves nothing", func(t *testing.T) {
		parent := t.TempDir()
		failure := errors.New("half way")
		require.ErrorIs(t, Publish(filepath.Join(parent, "thing"), func(string) error { return failure }), failure)
		left, err := os.ReadDir(parent)
		require.NoError(t, err)
		assert.Empty(t, left)
	})
}

func TestLock(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	quiet(t)
	unlock, err := Lock(context.Background(), "thing")
	require.NoError(t, err)
	short, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err = Lock(short, "thing")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	unlock()
	unlock, err = Lock(context.Background(), "thing")
	require.NoError(t, err)
	unlock()
}

func TestAskedKeepsWhatMayBeInUse(t *testing.T) {
	dir := t.TempDir()
	old := time.Now().Add(-2 * StaleBuild)
	for name, at := range map[string]time.Time{
		"tool-0123456789ab": old, "tool-0123456789ac": old, "tool-0123456789ad": time.Now(), "tool-0123456789ae": old,
		"tool-more-0123456789ab": old, "tool": old, ".new-tool-0123456789ab": old,
	} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, name), 0o755))
		require.NoError(t, os.Chtimes(filepath.Join(dir, name), at, at))
	}
	require.NoError(t, Asked(filepath.Join(dir, "tool-0123456789ab"), StaleBuild, "tool-0123456789ae"))
	var left []string
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, entry := range entries {
		left = append(left, entry.Name())
	}
	assert.Equal(t, []string{
		".new-tool-0123456789ab", "tool", "tool-0123456789ab", "tool-0123456789ad", "tool-0123456789ae", "tool-more-0123456789ab",
	}, left, "only an old one of the same name goes that nobody uses")
	asked, err := os.Stat(filepath.Join(dir, "tool-0123456789ab"))
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), asked.ModTime(), time.Minute)
}

func TestMissingPackages(t *testing.T) {
	present := func(command string) bool { return command == "gpg" }
	missing, err := missingPackages([]string{"ssh", "gpg", "dockerd"}, present)
	require.NoError(t, err)
	assert.Equal(t, []string{"docker.io", "openssh-client"}, missing)

	_, err = missingPackages([]string{"unheard-of"}, present)
	assert.EqualError(t, err, `command "unheard-of": no Debian package known`)
}

func TestCommandErrorCarriesCommandOutputAndCause(t *testing.T) {
	_, err := Run(context.Background(), "sh", "-c", "echo said; echo complained >&2; exit 3")
	require.Error(t, err)
	assert.Contains(t, err.Error(), `command "sh -c echo said; echo complained >&2; exit 3": exit status 3`)
	assert.Contains(t, err.Error(), "said")
	assert.Contains(t, err.Error(), "complained")
}

func TestToolNotInTheTable(t *testing.T) {
	_, err := Tool(context.Background(), "unheard-of")
	assert.EqualError(t, err, `tool "unheard-of": not in the table of pins`)
}

func TestStampSchema(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	require.NoError(t, os.WriteFile(from, []byte(`{"name":"kubernetes","resources":{"a":{"x":1}}}`), 0o444))
	require.NoError(t, stampSchema(from, to))
	text, err := os.ReadFile(to)
	require.NoError(t, err)
	assert.JSONEq(t, `{"name":"kubernetes","resources":{"a":{"x":1}},"version":"`+KubernetesProviderVersion+`"}`, string(text))
}

func quiet(t *testing.T) {
	t.Helper()
	old := Progress
	Progress = io.Discard
	t.Cleanup(func() { Progress = old })
}
