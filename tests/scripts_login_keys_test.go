package tests

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const scriptsAuthorized = "home/admin/.ssh/authorized_keys"

func TestScriptsLoginKeys(t *testing.T) {
	const old, next = "ssh-ed25519 AAAAold", "ssh-ed25519 AAAAnext"
	h := newScriptsHost(t, map[string]string{"LOGIN_USER": "admin", "LOGIN_KEYS": old})
	// As cloud-init leaves it, with the key of the key pair, and what a person added.
	h.write(scriptsAuthorized, "# by cloud-init\n"+old+" platform-login-1234\n"+old+"\nssh-ed25519 AAAAmine me@desk\n")
	h.write(scriptsAuthorized+"2", "ssh-ed25519 AAAAours us@office\n")

	run := h.works("login-keys.sh", "")
	assert.Equal(t, old+"\n", h.read(scriptsAuthorized))
	assert.Contains(t, run.stderr, "    ssh-ed25519 AAAAmine me@desk", "whoever misses it finds it here")
	assert.NotContains(t, run.stderr, "    "+old)
	assert.Equal(t, "ssh-ed25519 AAAAours us@office\n", h.read(scriptsAuthorized+"2"), "people have a file of their own")
	info, err := os.Stat(filepath.Join(h.root, scriptsAuthorized))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	assert.NotContains(t, h.works("login-keys.sh", "").stderr, "authorizing", "nothing is left to do")

	t.Run("a rotation", func(t *testing.T) {
		for _, keys := range []string{old + "\n" + next, next + "\n" + old, next} {
			h.env["LOGIN_KEYS"] = keys
			h.works("login-keys.sh", "")
			assert.Equal(t, keys+"\n", h.read(scriptsAuthorized))
		}
	})
	t.Run("killed on the way, the keys of before are whole, and another run completes it", func(t *testing.T) {
		h.env["LOGIN_KEYS"] = old
		h.stub("mv", "exit 1")
		h.fails("login-keys.sh", "", "line 34, while authorizing login keys: 1", "read the lines above, then run pulumi up again")
		assert.Equal(t, next+"\n", h.read(scriptsAuthorized))
		h.stub("mv", `exec /usr/bin/mv "$@"`)
		h.works("login-keys.sh", "")
		assert.Equal(t, old+"\n", h.read(scriptsAuthorized))
		assert.False(t, h.has(scriptsAuthorized+".new"))
	})
	t.Run("nobody is locked out by an empty list", func(t *testing.T) {
		h.env["LOGIN_KEYS"] = ""
		h.fails("login-keys.sh", "", "LOGIN_KEYS is empty", "name at least one key")
		assert.Equal(t, old+"\n", h.read(scriptsAuthorized))
	})
	t.Run("a machine without the file", func(t *testing.T) {
		h := newScriptsHost(t, map[string]string{"LOGIN_USER": "admin", "LOGIN_KEYS": old})
		h.write("home/admin/.profile", "")
		h.works("login-keys.sh", "")
		assert.Equal(t, old+"\n", h.read(scriptsAuthorized))
	})
}
