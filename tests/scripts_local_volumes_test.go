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

const (
	scriptsDiskID = "vol-0123456789abcdef0"
	scriptsDisk   = "dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0"
)

// scriptsEBS is a prepared machine to which an EBS volume of 1 GiB is attached, on which is what blkid says.
func scriptsEBS(t *testing.T, blkid string) *scriptsHost {
	h := scriptsLocalVolumes(t)
	h.env["VOLUMES"] = "/" + scriptsLocalVolume + "=1=" + scriptsDiskID
	h.write(scriptsDisk, "")
	h.stub("blockdev", "echo 1073741824")
	h.stub("lsblk", "echo NAME SIZE")
	h.stub("blkid", blkid)
	return h
}

func TestScriptsLocalVolumesOnADiskOfTheirOwn(t *testing.T) {
	const line = "/" + scriptsDisk + " /" + scriptsLocalVolume + " xfs noatime,nofail 0 0\n"
	h := scriptsEBS(t, "exit 2")
	first := h.works("local-volumes.sh", "")
	inOrder(t, first.calls, "blkid --probe", "mkfs.xfs -q ", scriptsDisk, "mount /"+scriptsLocalVolume, "xfs_growfs -d ")
	for _, other := range []string{"fallocate", "losetup"} {
		assert.NotContains(t, first.calls, other)
	}
	assert.True(t, h.has(scriptsLocalVolume+"/data"))
	assert.Equal(t, "UUID=1 / ext4 defaults 0 1\n"+line, h.read("etc/fstab"))

	t.Run("what is on it stays, also for the next machine", func(t *testing.T) {
		next := scriptsEBS(t, "echo xfs")
		for _, h := range []*scriptsHost{h, next} {
			h.stub("blkid", "echo xfs")
			assert.NotContains(t, h.works("local-volumes.sh", "").calls, "mkfs")
			assert.Equal(t, 1, strings.Count(h.read("etc/fstab"), line))
		}
	})
	t.Run("it grows in use, once AWS has made it larger", func(t *testing.T) {
		h.env["VOLUMES"] = "/" + scriptsLocalVolume + "=2=" + scriptsDiskID
		h.fails("local-volumes.sh", "", h.root+"/"+scriptsDisk+" has 1 GiB, not 2 GiB", "see at AWS how far the volume's change is")
		h.stub("blockdev", "echo 2147483648")
		assert.Contains(t, h.works("local-volumes.sh", "").calls, "xfs_growfs -d ")
	})
}

func TestScriptsLocalVolumesTouchNoOtherData(t *testing.T) {
	for name, c := range map[string]struct {
		blkid        string
		spoil        func(*scriptsHost)
		what, remedy string
	}{
		"another file system":     {"echo ext4", func(*scriptsHost) {}, "the EBS volume " + scriptsDiskID + " holds something else", "see what it is"},
		"nobody knows":            {"echo ambivalent result >&2; exit 8", func(*scriptsHost) {}, "the EBS volume " + scriptsDiskID + " holds something else", "see what it is"},
		"it is not attached":      {"exit 2", func(h *scriptsHost) { h.remove(scriptsDisk) }, "the EBS volume " + scriptsDiskID + " does not show on this machine", "see at AWS whether it is attached"},
		"the data are in a file":  {"exit 2", func(h *scriptsHost) { h.write(scriptsImage, "") }, "the volume /" + scriptsLocalVolume + " is in a file of the node's first disk", "set postgres.volumeType back"},
		"no file system is made":  {"exit 2", func(h *scriptsHost) { h.stub("mkfs.xfs", "exit 1") }, "no file system can be made on " + scriptsDiskID, "read what mkfs.xfs says"},
		"it does not mount there": {"echo xfs", func(h *scriptsHost) { h.stub("mount", "exit 1") }, "the volume /" + scriptsLocalVolume + " cannot be mounted", "read what it says"},
	} {
		t.Run(name, func(t *testing.T) {
			h := scriptsEBS(t, c.blkid)
			c.spoil(h)
			run := h.fails("local-volumes.sh", "", c.what, c.remedy)
			assert.False(t, h.has(scriptsLocalVolume+"/data"), "no server may start on the node's own disk")
			if name != "no file system is made" {
				assert.NotContains(t, run.calls, "mkfs")
			}
		})
	}
}
