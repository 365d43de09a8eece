package images

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/toolchain"
)

// boot runs the machines' entry point on a directory, with stubs for what takes a kernel, and returns the directory and
// what was printed. The stubs are shell function bodies by command.
func boot(t *testing.T, stubs map[string]string) (root, output string, err error) {
	t.Helper()
	script, err := toolchain.Source("images", "node", "entrypoint.sh")
	require.NoError(t, err)
	root, bin := t.TempDir(), t.TempDir()
	write := func(path, content string, mode os.FileMode) {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), mode))
	}
	for path, content := range map[string]string{
		"sys/fs/cgroup/cgroup.controllers": "", "proc/sys/net/ipv4/ip_forward": "0\n", "dev/kmsg": "",
		"etc/hostname": "ip-172-31-0-10\n", "etc/hosts": "127.0.0.1 localhost\n", "etc/resolv.conf": "nameserver 127.0.0.11\n",
		"etc/twin/resolv.conf": "nameserver 172.31.0.2\n", "etc/twin/firewall.nft": "table inet ec2_twin\n", "etc/machine-id": "",
	} {
		write(filepath.Join(root, path), content, 0o644)
	}
	write(filepath.Join(root, "sbin/init"), "#!/bin/bash\necho \"systemd takes over${*:+ with $*}\"\n", 0o755)
	for _, command := range []string{"mknod", "mount", "mountpoint", "umount", "hostname", "nft"} {
		write(filepath.Join(bin, command), "#!/bin/sh\n"+stubs[command]+"\n", 0o755)
	}
	cmd := exec.Command("bash", script)
	cmd.Env = append(os.Environ(), "TWIN_ROOT="+root, "PATH="+bin+":"+os.Getenv("PATH"))
	text, err := cmd.CombinedOutput()
	return root, strings.TrimSpace(string(text)), err
}

func TestEntryPointHandsOverToSystemd(t *testing.T) {
	root, output, err := boot(t, map[string]string{"mountpoint": "exit 1"})
	require.NoError(t, err, output)
	assert.Equal(t, "systemd takes over", output)
	for path, want := range map[string]string{
		"etc/hostname": "ip-172-31-0-10\n", "etc/resolv.conf": "nameserver 172.31.0.2\n", "proc/sys/net/ipv4/ip_forward": "1\n",
	} {
		got, err := os.ReadFile(filepath.Join(root, path))
		require.NoError(t, err)
		assert.Equal(t, want, string(got), path)
	}
}

func TestEntryPointBoots(t *testing.T) {
	for name, stubs := range map[string]map[string]string{
		// Between the question and the command the mount went.
		"where Docker takes its mounts away meanwhile": {"umount": `echo "umount: $1: not mounted." >&2; exit 32`},
		"where what docker cp mounted lies below Docker's mount": {
			"mountpoint": `case $2 in */hosts) test "$(wc -l <"$TWIN_ROOT/unmounted")" -lt 2;; *) exit 1;; esac`,
			"umount":     `echo "$1" >>"$TWIN_ROOT/unmounted"`,
			"mount":      `touch "$TWIN_ROOT/unmounted"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, output, err := boot(t, stubs)
			require.NoError(t, err, output)
			assert.True(t, strings.HasSuffix(output, "systemd takes over"), output)
		})
	}
}

func TestEntryPointAsksSystemdForTheControlGroupsOfTheHost(t *testing.T) {
	_, output, err := boot(t, map[string]string{
		"mountpoint": "exit 1", "mount": `case $* in *remount,bind,rw*/sys) rm "$TWIN_ROOT/sys/fs/cgroup/cgroup.controllers" ;; esac`,
	})
	require.NoError(t, err, output)
	assert.Equal(t, "systemd takes over with SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1 systemd.unified_cgroup_hierarchy=0", output)
}

func TestEntryPointStopsWhereTheFirewallDoesNotLoad(t *testing.T) {
	_, output, err := boot(t, map[string]string{"mountpoint": "exit 1", "nft": "echo 'nft: syntax error' >&2; exit 1"})
	require.Error(t, err)
	assert.Equal(t, "nft: syntax error", output, "nothing of the machine runs without its security groups")
}
