package tests

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// scriptsVolume is a machine with its root file system on the first partition of a disk of 30 GiB.
func scriptsVolume(t *testing.T) *scriptsHost {
	h := newScriptsHost(t, map[string]string{"VOLUME_GIB": "30"})
	h.stub("findmnt", `echo /dev/nvme0n1p1`)
	h.write("sys/class/block/nvme0n1p1/partition", "1\n")
	h.stub("lsblk", `[[ $* != *PKNAME* ]] || echo nvme0n1`)
	h.stub("blockdev", `echo $((30 << 30))`)
	h.stub("growpart", `echo "CHANGED: partition=1"`)
	h.stub("resize2fs", "")
	return h
}

func TestScriptsVolume(t *testing.T) {
	inOrder(t, scriptsVolume(t).works("volume.sh", "").calls, "blockdev --getsize64 /dev/nvme0n1", "growpart /dev/nvme0n1 1", "resize2fs /dev/nvme0n1p1")

	t.Run("a file system that has all of it already", func(t *testing.T) {
		h := scriptsVolume(t)
		h.stub("growpart", `echo "NOCHANGE: partition 1 is size 60. it cannot be grown"; exit 1`)
		assert.Contains(t, h.works("volume.sh", "").calls, "resize2fs", "the file system may have been left behind")
	})
	t.Run("a volume that has not grown yet", func(t *testing.T) {
		h := scriptsVolume(t)
		h.env["PLATFORM_WAIT"] = "5"
		h.stub("blockdev", `[[ -e $PLATFORM_ROOT/asked ]] && echo $((30 << 30)) || echo $((20 << 30)); touch "$PLATFORM_ROOT/asked"`)
		inOrder(t, h.works("volume.sh", "").calls, "blockdev", "blockdev", "growpart")
	})
	t.Run("a volume that does not grow", func(t *testing.T) {
		h := scriptsVolume(t)
		h.stub("blockdev", `echo $((20 << 30))`)
		assert.NotContains(t, h.fails("volume.sh", "", "/dev/nvme0n1 has 20 GiB, not 30 GiB", "see at AWS").calls, "growpart")
	})
	t.Run("growpart fails", func(t *testing.T) {
		h := scriptsVolume(t)
		h.stub("growpart", `echo "FAILED: disk is busy"; exit 2`)
		h.fails("volume.sh", "", "the partition /dev/nvme0n1p1 cannot be grown: FAILED: disk is busy", "read what growpart says")
	})
	t.Run("resize2fs fails", func(t *testing.T) {
		h := scriptsVolume(t)
		h.stub("resize2fs", `echo "bad magic number"; exit 1`)
		assert.Contains(t, h.fails("volume.sh", "", "the file system on /dev/nvme0n1p1 cannot be grown", "read what resize2fs says").stderr, "bad magic number")
	})
	t.Run("a machine whose disk is another one's", func(t *testing.T) {
		h := scriptsVolume(t)
		h.stub("findmnt", "echo overlay")
		assert.NotContains(t, h.works("volume.sh", "").calls, "growpart")
	})
}
