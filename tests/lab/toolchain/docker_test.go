package toolchain

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDockerThatEndsIsReportedWithItsLastLines(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(t.TempDir(), "none.sock"))
	dir := t.TempDir()
	log, pid := filepath.Join(dir, "log"), filepath.Join(dir, "pid")
	exited, err := spawn([]string{"sh", "-c", "echo no space left on device; exit 3"}, log, pid)
	require.NoError(t, err)
	assert.FileExists(t, pid)
	err = waitDocker(context.Background(), exited, log)
	require.Error(t, err)
	assert.Contains(t, err.Error(), "dockerd ended: exit status 3")
	assert.Contains(t, err.Error(), "no space left on device")
}

func TestDockerHostThatDoesNotAnswerIsNotReplaced(t *testing.T) {
	host := "unix://" + filepath.Join(t.TempDir(), "none.sock")
	t.Setenv("DOCKER_HOST", host)
	err := EnsureDocker(context.Background())
	require.Error(t, err)
	assert.Contains(t, err.Error(), `DOCKER_HOST "`+host+`" does not answer`)
}

func TestNoEngineIsStartedForOneWhoLeft(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	require.ErrorIs(t, EnsureDocker(ctx), context.Canceled)
	cache, err := CacheDir()
	require.NoError(t, err)
	assert.NoFileExists(t, filepath.Join(cache, "dockerd.log"))
}
