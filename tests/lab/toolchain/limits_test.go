package toolchain

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLimitIsRaisedAndNeverLowered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "max_user_instances")
	l := limit{path, 1024}
	write := func(text string) error { return os.WriteFile(path, []byte(text), 0o600) }
	for was, is := range map[string]string{"128\n": "1024", "1024\n": "1024\n", "8192\n": "8192\n"} {
		require.NoError(t, write(was))
		require.NoError(t, l.raise(write))
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, is, string(text))
	}
	require.NoError(t, write("128\n"))
	err := l.raise(func(string) error { return errors.New("read-only file system") })
	require.EqualError(t, err, "kernel setting "+path+" is 128: raise it to 1024 as root: read-only file system")
}
