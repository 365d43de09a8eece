package tests

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestScriptsJournal(t *testing.T) {
	const settings, restarts = "etc/systemd/journal-upload.conf.d/platform.conf", "etc/systemd/system/systemd-journal-upload.service.d/platform.conf"
	host := func() *scriptsHost {
		h := newScriptsHost(t, map[string]string{"ACTION": "install"})
		h.write("opt/platform/etc/journal-upload.conf", "[Upload]\n")
		h.write("opt/platform/etc/journal-upload.service.conf", "[Service]\n")
		h.stub("dpkg", "")
		h.stub("apt-get", `[[ $* != *" install "* ]] || : >"$PLATFORM_ROOT/installed"`)
		h.stub("dpkg-query", `[[ -e $PLATFORM_ROOT/installed ]] || exit 1; echo installed`)
		return h
	}
	h := host()
	inOrder(t, h.works("journal.sh", "").calls, "apt-get", "update", "install --no-install-recommends --allow-change-held-packages systemd-journal-remote",
		"systemctl daemon-reload", "systemctl --quiet enable systemd-journal-upload.service", "systemctl --no-block restart systemd-journal-upload.service")
	assert.Equal(t, "[Upload]\n", h.read(settings))
	assert.Equal(t, "[Service]\n", h.read(restarts))

	t.Run("another run installs nothing, and starts it with what it is to do now", func(t *testing.T) {
		h.write("opt/platform/etc/journal-upload.conf", "[Upload]\nURL=http://127.0.0.1:9999\n")
		calls := h.works("journal.sh", "").calls
		assert.NotContains(t, calls, "apt-get")
		assert.Contains(t, calls, "restart systemd-journal-upload.service")
		assert.Equal(t, "[Upload]\nURL=http://127.0.0.1:9999\n", h.read(settings))
	})
	t.Run("taken back, the journal stays where it is, also when that was done before", func(t *testing.T) {
		h.env["ACTION"] = "remove"
		for range 2 {
			inOrder(t, h.works("journal.sh", "").calls, "disable --now systemd-journal-upload.service", "daemon-reload")
			assert.False(t, h.has(settings))
			assert.False(t, h.has(restarts))
		}
	})
	t.Run("taken back where nothing was installed", func(t *testing.T) {
		h := host()
		h.env["ACTION"] = "remove"
		h.stub("systemctl", `[[ $1 != cat ]]`)
		assert.NotContains(t, h.works("journal.sh", "").calls, "disable")
	})
	t.Run("an uploader that does not stop is not taken for stopped", func(t *testing.T) {
		h := host()
		h.works("journal.sh", "")
		h.env["ACTION"] = "remove"
		h.stub("systemctl", `[[ $* != *disable* ]] || { echo "Failed to disable unit: Access denied" >&2; exit 1; }`)
		run := h.fails("journal.sh", "", "systemd-journal-upload.service cannot be stopped", "see systemctl status")
		assert.Contains(t, run.stderr, "Access denied")
		assert.True(t, h.has(settings), "it is as it was")
	})
	t.Run("a package that is not to be had", func(t *testing.T) {
		h := host()
		h.stub("apt-get", `[[ $* != *" install "* ]] || { echo "E: Unable to locate package"; exit 100; }`)
		run := h.fails("journal.sh", "", "packages cannot be installed", "see whether the sources hold these versions")
		assert.Contains(t, run.stderr, "Unable to locate package")
		assert.NotContains(t, run.calls, "enable")
	})
}
