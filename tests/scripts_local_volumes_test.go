package tests

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

const (
	scriptsLocalVolume = "var/lib/platform/volumes/postgres"
	scriptsImage       = scriptsLocalVolume + ".img"
)

// scriptsLocalVolumes is a prepared machine that is to have a volume. Its fallocate only counts, and makes sparse files.
func scriptsLocalVolumes(t *testing.T) *scriptsHost {
	h := newScriptsHost(t, map[string]string{"VOLUMES": "/" + scriptsLocalVolume + "=1"})
	h.write("etc/fstab", "UUID=1 / ext4 defaults 0 1\n")
	h.stub("fallocate", `truncate --size "$2" "$3"`)
	h.stub("mkfs.xfs", "")
	h.stub("mountpoint", `[[ -e $PLATFORM_ROOT/mounted ]]`)
	h.stub("mount", `touch "$PLATFORM_ROOT/mounted"`)
	h.stub("findmnt", "echo /dev/loop7")
	h.stub("losetup", "")
	h.stub("xfs_growfs", "")
	return h
}

func TestScriptsLocalVolumes(t *testing.T) {
	h := scriptsLocalVolumes(t)
	first := h.works("local-volumes.sh", "")
	assert.Contains(t, first.calls, "fallocate --length 1073741824 ", "the disk's blocks are the volume's from the start")
	assert.Contains(t, first.calls, "mkfs.xfs -q ")
	assert.Contains(t, first.calls, "mount /"+scriptsLocalVolume+"\n")
	assert.True(t, h.has(scriptsImage))
	assert.True(t, h.has(scriptsLocalVolume+"/data"))
	const line = "/" + scriptsImage + " /" + scriptsLocalVolume + " xfs loop,noatime,nofail 0 0\n"
	assert.Equal(t, "UUID=1 / ext4 defaults 0 1\n"+line, h.read("etc/fstab"))

	second := h.works("local-volumes.sh", "")
	for _, change := range []string{"fallocate", "mkfs.xfs", "\nmount ", "systemctl"} {
		assert.NotContains(t, second.calls, change)
	}
	assert.Equal(t, 1, strings.Count(h.read("etc/fstab"), line))

	t.Run("a larger size grows it in use", func(t *testing.T) {
		h.env["VOLUMES"] = "/" + scriptsLocalVolume + "=2"
		grown := h.works("local-volumes.sh", "")
		assert.Contains(t, grown.calls, "fallocate --length 2147483648 ")
		assert.Contains(t, grown.calls, "losetup --set-capacity /dev/loop7\nxfs_growfs -d ")
		assert.NotContains(t, grown.calls, "mkfs")
	})
	t.Run("a growth that was killed half-way is completed", func(t *testing.T) {
		h.stub("xfs_growfs", "exit 1")
		h.fails("local-volumes.sh", "", "the file system in /"+scriptsLocalVolume+" cannot be grown", "read what it says")
		h.stub("xfs_growfs", "")
		assert.Contains(t, h.works("local-volumes.sh", "").calls, "xfs_growfs -d ")
	})
	t.Run("a smaller size is refused", func(t *testing.T) {
		h.env["VOLUMES"] = "/" + scriptsLocalVolume + "=1"
		run := h.fails("local-volumes.sh", "", "the volume /"+scriptsLocalVolume+" has 2 GiB and cannot shrink to 1", "set postgres.volumeGiB back")
		assert.NotContains(t, run.calls, "fallocate")
	})
}

func TestScriptsLocalVolumesThatDoNotComeAbout(t *testing.T) {
	for name, c := range map[string]struct {
		spoil        func(*scriptsHost)
		what, remedy string
	}{
		"no room":        {func(h *scriptsHost) { h.stub("fallocate", "exit 1") }, "the disk has no room for a volume of 1 GiB", "lower postgres.volumeGiB"},
		"no file system": {func(h *scriptsHost) { h.stub("mkfs.xfs", "exit 1") }, "no file system can be made", "read what mkfs.xfs says"},
		"no mount":       {func(h *scriptsHost) { h.stub("mount", "exit 1") }, "the volume /" + scriptsLocalVolume + " cannot be mounted", "read what it says"},
	} {
		t.Run(name, func(t *testing.T) {
			h := scriptsLocalVolumes(t)
			c.spoil(h)
			h.fails("local-volumes.sh", "", c.what, c.remedy)
			assert.False(t, h.has(scriptsLocalVolume+"/data"), "no server may start on the node's own disk")
		})
	}
	t.Run("one that was killed before its file system was complete is made anew", func(t *testing.T) {
		h := scriptsLocalVolumes(t)
		h.write(scriptsImage+".new", "half")
		assert.Contains(t, h.works("local-volumes.sh", "").calls, "mkfs.xfs")
		assert.False(t, h.has(scriptsImage+".new"))
	})
}

func TestScriptsLocalVolumesKeepOlderData(t *testing.T) {
	h := scriptsLocalVolumes(t)
	h.write(scriptsLocalVolume+"/pgdata/PG_VERSION", "16\n")
	for range 2 {
		run := h.works("local-volumes.sh", "")
		assert.Contains(t, run.stderr, "holds data from when volumes had no size, and stays as it is")
		assert.NotContains(t, run.calls, "mkfs.xfs")
		assert.Equal(t, "16\n", h.read(scriptsLocalVolume+"/data/pgdata/PG_VERSION"), "the server finds them where it looks")
	}
}
