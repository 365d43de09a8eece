package tests

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	// scriptsMoment ends a program at the moment that die-at counts to, if any.
	scriptsMoment = `moment() { local n; n=$(cat "$PLATFORM_ROOT/moments" 2>/dev/null || echo 0); echo $((n + 1)) >"$PLATFORM_ROOT/moments"
	[[ ! -e $PLATFORM_ROOT/die-at || $n != "$(<"$PLATFORM_ROOT/die-at")" ]] || exit 137; }
`
	// scriptsLocks is a repository that opens for the passwords in its directory keys.
	scriptsLocks = scriptsMoment + `repository=$RESTIC_REPOSITORY opened=
[[ ! -e $PLATFORM_ROOT/storage-away ]] || { echo "Fatal: unable to open config file: Stat: 403 Access Denied"; exit 1; }
[[ $1 != unlock ]] || exit 0
[[ -e $repository/config ]] || { echo "Fatal: unable to open config file: stat $repository/config: no such file or directory"; exit 1; }
for key in "$repository"/keys/*; do [[ $(<"$key") != "$(<"$RESTIC_PASSWORD_FILE")" ]] || opened=${key##*/}; done
[[ -n $opened ]] || { echo "Fatal: wrong password or no key found"; exit 12; }
case "$1 $2" in
"key add") moment; cp "$4" "$repository/keys/$(printf '%08x' "$(ls "$repository/keys" | sha256sum | cut -c 1-7 | sed 's/^/0x/')")"; moment ;;
"key list") for key in "$repository"/keys/*; do printf ',{"current":%s,"id":"%s","userName":"root"}' "$([[ ${key##*/} == "$opened" ]] && echo true || echo false)" "${key##*/}"; done | sed 's/^,/[/; s/$/]/' ;;
"key remove") [[ $3 != "$opened" ]] || exit 1; moment; rm "$repository/keys/$3"; moment ;;
esac`
)

// scriptsPassword is a control plane with a repository that opens for the password that is kept, and for one of somebody else.
func scriptsPassword(t *testing.T) *scriptsHost {
	h := newScriptsHost(t, map[string]string{"ACTION": "install"})
	h.env["REPOSITORY"] = filepath.Join(h.root, "repository")
	h.stub("restic", scriptsLocks)
	h.works("backup-password.sh", "the old secret")
	h.write("repository/config", "")
	h.write("repository/keys/0000000a", "the old secret")
	h.write("repository/keys/0000000b", "of the auditors")
	return h
}

// scriptsOpens are the passwords that open the repository.
func scriptsOpens(h *scriptsHost) (passwords []string) {
	h.t.Helper()
	keys, err := filepath.Glob(filepath.Join(h.root, "repository/keys/*"))
	require.NoError(h.t, err)
	for _, key := range keys {
		text, err := os.ReadFile(key)
		require.NoError(h.t, err)
		passwords = append(passwords, string(text))
	}
	return passwords
}

const scriptsKept = "var/lib/platform/backup/password"

func TestScriptsBackupPasswordChanges(t *testing.T) {
	h := scriptsPassword(t)
	run := h.works("backup-password.sh", "the new secret")
	inOrder(t, run.calls, "restic key add", "restic key remove 0000000a")
	assert.ElementsMatch(t, []string{"the new secret", "of the auditors"}, scriptsOpens(h), "the old one is gone, somebody else's stays")
	assert.Equal(t, "the new secret", h.read(scriptsKept))
	assert.NotContains(t, run.stdout+run.stderr+run.calls, "secret", "only files are named")
	for _, left := range []string{".next", ".before"} {
		assert.False(t, h.has(scriptsKept+left), left)
	}
	assert.NotContains(t, h.works("backup-password.sh", "the new secret").calls, "restic", "nothing is left to do")

	t.Run("another destination has a repository of its own", func(t *testing.T) {
		h.env["REPOSITORY"] = filepath.Join(h.root, "other")
		assert.NotContains(t, h.works("backup-password.sh", "the newest secret").calls, "restic")
		assert.ElementsMatch(t, []string{"the new secret", "of the auditors"}, scriptsOpens(h))
		assert.Equal(t, "the newest secret", h.read(scriptsKept))
	})
	t.Run("a repository that is not there yet", func(t *testing.T) {
		assert.NotContains(t, h.works("backup-password.sh", "the last secret").calls, "key add")
		assert.Equal(t, "the last secret", h.read(scriptsKept))
	})
}

func TestScriptsBackupPasswordStays(t *testing.T) {
	for name, c := range map[string]struct {
		spoil        func(*scriptsHost)
		what, remedy string
	}{
		"where the storage does not answer": {func(h *scriptsHost) { h.write("storage-away", "") }, "the repository ROOT/repository cannot be used, and so its password not changed", "see whether the node may read and write there"},
		"where neither opens it": {func(h *scriptsHost) { h.write("repository/keys/0000000a", "a third secret") },
			"the repository ROOT/repository has neither the new password nor the one of before", "it was made with another keySeed or backupPassword"},
		"where restic adds nothing": {func(h *scriptsHost) { h.stubBefore("restic", `[[ "$1 $2" != "key add" ]] || exit 0`) },
			"the new password does not open ROOT/repository", "read what restic says"},
	} {
		t.Run(name, func(t *testing.T) {
			h := scriptsPassword(t)
			c.spoil(h)
			h.fails("backup-password.sh", "the new secret", strings.ReplaceAll(c.what, "ROOT", h.root), c.remedy)
			assert.Equal(t, "the old secret", h.read(scriptsKept))
		})
	}
}

// Wherever it is killed, backups go on with the password that is kept, and another run completes the change, to a third password
// as well.
func TestScriptsBackupPasswordIsKilled(t *testing.T) {
	for _, next := range []string{"the new secret", "a third secret", "the old secret"} {
		for moment := 0; ; moment++ {
			h := scriptsPassword(t)
			h.stub("mv", scriptsMoment+`moment; exec /usr/bin/mv "$@"`)
			h.write("die-at", strconv.Itoa(moment))
			if !h.run("backup-password.sh", "the new secret").failed {
				assert.Equal(t, 8, moment, "four moments of restic, and each file that is put in place")
				break
			}
			assert.Contains(t, scriptsOpens(h), h.read(scriptsKept), "moment %d", moment)
			h.remove("die-at")
			h.works("backup-password.sh", next)
			assert.ElementsMatch(t, []string{next, "of the auditors"}, scriptsOpens(h), "moment %d, then %s", moment, next)
			assert.Equal(t, next, h.read(scriptsKept))
		}
	}
}
