package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// scriptsMachine is a Debian machine before prepare.sh.
func scriptsMachine(t *testing.T) *scriptsHost {
	h := newScriptsHost(t, map[string]string{
		"NODE_IP": "172.31.2.239", "KUBERNETES_VERSION": "1.35.90", "CONTAINERD_VERSION": "2.2.90",
		"PACKAGES": "http://mirror/apt", "REGISTRIES": "docker.io quay.io", "SWAP": "off",
	})
	h.write("etc/apt/sources.list", "deb http://deb.debian.org/debian trixie main\n")
	h.write("etc/apt/sources.list.d/debian.sources", "Types: deb\n")
	h.write("etc/fstab", "UUID=1 / ext4 defaults 0 1\nUUID=2 none swap sw 0 0\n")
	h.write("proc/filesystems", "nodev\toverlay\n")
	h.write("proc/sys/net/ipv4/ip_forward", "1\n")
	h.write("proc/swaps", "Filename Type Size Used Priority\n")
	h.write("opt/platform/etc/containerd.toml", "version = 3\n    sandbox = \"registry.k8s.io/pause:3.10.90\"\n")
	h.write("opt/platform/etc/hosts.toml", "server = \"http://mirror:5000\"\n")
	h.write("opt/platform/etc/packages.asc", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n")
	h.stub("ip", `echo "2: ens5    inet 172.31.2.239/20 brd 172.31.15.255 scope global ens5"`)
	h.stub("cloud-init", "")
	h.stub("modprobe", "exit 1")
	h.stub("sysctl", "")
	h.stub("swapoff", "")
	h.stub("dpkg", "")
	h.stub("apt-mark", "")
	h.stub("ctr", "")
	h.stub("containerd", `echo "SystemdCgroup = true /opt/cni/bin /etc/containerd/certs.d registry.k8s.io/pause:3.10.90"`)
	h.stub("apt-get", `[[ $* == *" install "* ]] && echo "installed 1.35.90-1.1" >"$PLATFORM_ROOT/installed"; exit 0`)
	// One form of the question asks for the version as well, the other for the status alone.
	h.stub("dpkg-query", `[[ -e $PLATFORM_ROOT/installed ]] || exit 1
if [[ $* == *Version* && $* == *containerd.io ]]; then echo "installed 2.2.90-1~debian.13~trixie"
elif [[ $* == *Version* ]]; then cat "$PLATFORM_ROOT/installed"; else echo installed; fi`)
	return h
}

func TestScriptsPrepare(t *testing.T) {
	h := scriptsMachine(t)
	first := h.works("prepare.sh", "")
	assert.Contains(t, first.calls, "cloud-init status --wait")
	assert.Contains(t, first.calls, "containerd.io=2.2.90-* kubelet=1.35.90-* kubeadm=1.35.90-* kubectl=1.35.90-*")
	assert.Contains(t, first.calls, "apt-mark hold containerd.io kubelet kubeadm kubectl")
	assert.Contains(t, first.calls, "systemctl restart containerd")
	assert.Equal(t, "deb [signed-by=/etc/apt/keyrings/platform.asc] http://mirror/apt/debian trixie main\n"+
		"deb [signed-by=/etc/apt/keyrings/platform.asc] http://mirror/apt/docker trixie stable\n"+
		"deb [signed-by=/etc/apt/keyrings/platform.asc] http://mirror/apt/kubernetes/v1.35/deb/ /\n", h.read("etc/apt/sources.list.d/platform.list"))
	assert.False(t, h.has("etc/apt/sources.list"), "Debian's own sources are moved aside")
	assert.Contains(t, h.read("etc/fstab"), "\n# UUID=2 none swap")
	assert.Equal(t, "server = \"http://mirror:5000\"\n", h.read("etc/containerd/certs.d/quay.io/hosts.toml"))
	assert.Equal(t, "overlay\nbr_netfilter\nnf_conntrack\n", h.read("etc/modules-load.d/platform.conf"), "settings of a module need it")

	assert.Equal(t, "[Service]\nExecStartPre=-/usr/bin/chmod 0600 /var/lib/kubelet/config.yaml /usr/lib/systemd/system/kubelet.service\n",
		h.read("etc/systemd/system/kubelet.service.d/20-permissions.conf"))

	h.write("var/lib/kubelet/config.yaml", "kind: KubeletConfiguration\n")
	config := filepath.Join(h.root, "var/lib/kubelet/config.yaml")
	require.NoError(t, os.Chmod(config, 0o644))
	second := h.works("prepare.sh", "")
	closed, err := os.Stat(config)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), closed.Mode().Perm(), "the settings of a kubelet that runs")
	assert.NotContains(t, second.calls, "apt-get", "nothing is installed twice")
	assert.NotContains(t, second.calls, "systemctl restart")
	assert.Equal(t, 1, strings.Count(h.read("etc/fstab"), "#"))

	t.Run("a registry with certificates of its own is trusted as long as it is configured", func(t *testing.T) {
		const registry = "registry.example.com:5000"
		h.write("opt/platform/etc/"+registry+".hosts.toml", "server = \"https://"+registry+"\"\n")
		h.write("opt/platform/etc/"+registry+".ca.crt", "-----BEGIN CERTIFICATE-----\n")
		h.env["TRUSTED"] = registry
		h.works("prepare.sh", "")
		assert.Equal(t, "-----BEGIN CERTIFICATE-----\n", h.read("etc/containerd/certs.d/"+registry+"/ca.crt"))
		assert.Equal(t, "server = \"https://"+registry+"\"\n", h.read("etc/containerd/certs.d/"+registry+"/hosts.toml"))
		delete(h.env, "TRUSTED")
		h.works("prepare.sh", "")
		assert.False(t, h.has("etc/containerd/certs.d/"+registry))
		assert.True(t, h.has("etc/containerd/certs.d/quay.io"))
	})

	t.Run("without the mirror the machine's own sources come back", func(t *testing.T) {
		h.env["PACKAGES"], h.env["REGISTRIES"] = "", ""
		h.stub("curl", `while (($# > 1)); do [[ $1 == --output ]] && echo key >"$2"; shift; done`)
		h.works("prepare.sh", "")
		assert.Equal(t, "deb http://deb.debian.org/debian trixie main\n", h.read("etc/apt/sources.list"))
		assert.True(t, h.has("etc/apt/sources.list.d/debian.sources"))
		list := h.read("etc/apt/sources.list.d/platform.list")
		assert.Contains(t, list, "deb [signed-by=/etc/apt/keyrings/platform.asc] https://pkgs.k8s.io/core:/stable:/v1.35/deb/ /")
		assert.Contains(t, list, "deb [signed-by=/etc/apt/keyrings/docker.asc] https://download.docker.com/linux/debian trixie stable\n")
		assert.Equal(t, "key\n", h.read("etc/apt/keyrings/docker.asc"))
		assert.False(t, h.has("etc/containerd/certs.d/quay.io"))
		assert.NotContains(t, h.works("prepare.sh", "").calls, "\ncurl ", "the key is not fetched again")
	})
}

// A script may die anywhere, also between a service's new settings and its restart.
func TestScriptsRestartWhatAKilledRunDidNot(t *testing.T) {
	t.Run("containerd with its settings", func(t *testing.T) {
		h := scriptsMachine(t)
		h.stub("systemctl", `[[ $1 != restart ]]`)
		assert.True(t, h.run("prepare.sh", "").failed)
		h.stub("systemctl", "")
		assert.Contains(t, h.works("prepare.sh", "").calls, "systemctl restart containerd")
		assert.NotContains(t, h.works("prepare.sh", "").calls, "systemctl restart containerd")
	})
	t.Run("the kubelet with its settings", func(t *testing.T) {
		h := scriptsControlPlane(t)
		h.works("init.sh", "")
		h.stub("kubeadm", `[[ "$1 $2" == "upgrade node" ]] && echo "c: d" >"$PLATFORM_ROOT/var/lib/kubelet/config.yaml"; exit 0`)
		h.stub("systemctl", `[[ $1 != restart ]]`)
		assert.True(t, h.run("init.sh", "").failed)
		h.stub("systemctl", "")
		assert.Contains(t, h.works("init.sh", "").calls, "systemctl restart kubelet")
		assert.NotContains(t, h.works("init.sh", "").calls, "systemctl restart kubelet")
	})
}

// On a machine's first boot unattended-upgrades may be at work on packages, for longer than a failure is worth repeating.
func TestScriptsWaitForOthersWhoInstallPackages(t *testing.T) {
	// Debian's dpkg goes on, in lines of which one speaks of the lock too.
	const advice = `echo "Note: removing the lock file is always wrong"; echo "and can damage the entire system."`
	for name, c := range map[string]struct{ program, argument, says string }{
		"the lists are being fetched":  {"apt-get", "update", "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 812 (apt-get)"},
		"packages are being installed": {"dpkg", "--configure", "dpkg: error: dpkg frontend lock was locked by another process with pid 812"},
		"a package is to be held":      {"apt-mark", "hold", "dpkg: error: dpkg frontend lock was locked by another process with pid 812"},
	} {
		t.Run(name, func(t *testing.T) {
			h := scriptsMachine(t)
			h.env["PLATFORM_WAIT"] = "20"
			h.stubBefore(c.program, fmt.Sprintf(`if [[ $* == *%s* && $(grep --count "^%s .*%s" "$CALLS") -lt 4 ]]; then echo %q; %s; exit 100; fi`,
				c.argument, c.program, c.argument, c.says, advice))
			assert.Contains(t, h.works("prepare.sh", "").stderr, "waiting for another program that is at work on packages: "+c.says+"\n")
		})
		t.Run(name+" without end", func(t *testing.T) {
			h := scriptsMachine(t)
			h.stubBefore(c.program, fmt.Sprintf(`if [[ $* == *%s* ]]; then echo %q; exit 100; fi`, c.argument, c.says))
			run := h.fails("prepare.sh", "", "another program has been at work on packages for 15 minutes", "see what it does on the node")
			assert.Contains(t, run.stderr, "    "+c.says, "who it is")
		})
	}
}

func TestScriptsPrepareDiagnoses(t *testing.T) {
	for name, c := range map[string]struct {
		spoil        func(*scriptsHost)
		what, remedy string
	}{
		"cloud-init": {func(h *scriptsHost) { h.stub("cloud-init", "exit 1") }, "cloud-init failed", "look at /var/log/cloud-init.log"},
		"address":    {func(h *scriptsHost) { h.env["NODE_IP"] = "172.31.2.23" }, "no interface of this machine has the address 172.31.2.23", "compare privateIp"},
		"overlay":    {func(h *scriptsHost) { h.write("proc/filesystems", "ext4\n") }, "the kernel has no overlay file system", "use a kernel"},
		"forwarding": {func(h *scriptsHost) { h.write("proc/sys/net/ipv4/ip_forward", "0\n") }, "the kernel setting net.ipv4.ip_forward cannot be set to 1", "see what else sets it"},
		"swap":       {func(h *scriptsHost) { h.write("proc/swaps", "Filename\n/dev/sda2\n") }, "swap cannot be turned off", "remove it from the machine, or set kubelet.failSwapOn to false"},
		"lists":      {func(h *scriptsHost) { h.stub("apt-get", "echo no route; exit 100") }, "the package lists cannot be fetched", "let the node reach"},
		"packages": {func(h *scriptsHost) {
			h.stub("apt-get", `[[ $* == *" install "* ]] && { echo no such version; exit 100; }; exit 0`)
		},
			"packages cannot be installed", "see whether the sources hold these versions"},
		"containerd":      {func(h *scriptsHost) { h.stub("ctr", "echo no socket; exit 1") }, "containerd does not answer: no socket", "look at journalctl"},
		"containerd keys": {func(h *scriptsHost) { h.stub("containerd", "echo SystemdCgroup = false") }, "containerd did not take over the setting SystemdCgroup = true", "set containerdVersion to the default"},
	} {
		t.Run(name, func(t *testing.T) {
			h := scriptsMachine(t)
			c.spoil(h)
			h.fails("prepare.sh", "", c.what, c.remedy)
		})
	}
	t.Run("a degraded cloud-init is good enough", func(t *testing.T) {
		h := scriptsMachine(t)
		h.stub("cloud-init", "exit 2")
		assert.Contains(t, h.works("prepare.sh", "").stderr, "cloud-init ended with warnings")
	})
}
