package tests

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

const scriptsMetadata = "etc/platform-metadata.nft"

func TestScriptsCloseInstanceMetadata(t *testing.T) {
	h := scriptsMachine(t)
	inOrder(t, h.works("prepare.sh", "").calls, "systemctl --quiet enable platform-metadata.service", "nft --file "+h.root+"/"+scriptsMetadata)
	rules := h.read(scriptsMetadata)
	assert.Contains(t, rules, "\nip daddr != 169.254.169.254 accept\nmeta skuid 0 accept\nreject\n")
	assert.Contains(t, rules, "hook forward priority filter; policy accept;\nip daddr 169.254.169.254 drop\n", "pods on a network of their own")
	assert.Contains(t, h.read("etc/systemd/system/platform-metadata.service"), "\nExecStart=/usr/sbin/nft --file /"+scriptsMetadata+"\n", "after each start")
	assert.NotContains(t, h.works("prepare.sh", "").calls, "daemon-reload", "the unit is in place")
	assert.Equal(t, rules, h.read(scriptsMetadata))

	t.Run("pods as root are told by their cgroup", func(t *testing.T) {
		h.stub("stat", "echo cgroup2fs")
		h.works("prepare.sh", "")
		assert.Contains(t, h.read(scriptsMetadata), "\nip daddr != 169.254.169.254 accept\n"+
			"meta skuid 0 socket cgroupv2 level 1 \"system.slice\" accept\nmeta skuid 0 socket cgroupv2 level 1 \"user.slice\" accept\nreject\n")
	})
	t.Run("a kernel that cannot", func(t *testing.T) {
		h.stub("nft", "echo 'Error: Could not process rule'; exit 1")
		h.fails("prepare.sh", "", "the instance metadata cannot be closed to pods", "read what nft says")
		assert.NotContains(t, h.run("prepare.sh", "").calls, "systemctl restart containerd", "no pod comes before it")
	})
}
