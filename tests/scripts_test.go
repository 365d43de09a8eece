package tests

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// scriptsHost is a directory that stands for a node, with stubs of the programs that would change it.
type scriptsHost struct {
	t    *testing.T
	root string
	bin  string
	env  map[string]string
}

func newScriptsHost(t *testing.T, env map[string]string) *scriptsHost {
	t.Helper()
	dir := t.TempDir()
	h := &scriptsHost{t: t, root: filepath.Join(dir, "root"), bin: filepath.Join(dir, "bin"), env: map[string]string{
		"PLATFORM_ROOT": filepath.Join(dir, "root"), "PLATFORM_POLL": "0.05", "PLATFORM_WAIT": "0", "PLATFORM_LOCK_WAIT": "1",
		"PATH": filepath.Join(dir, "bin") + ":/usr/sbin:/usr/bin:/sbin:/bin", "CALLS": filepath.Join(dir, "calls"),
	}}
	maps.Copy(h.env, env)
	h.write("etc/os-release", "VERSION_CODENAME=trixie\n")
	for _, name := range []string{"systemctl", "journalctl", "crictl", "kubeadm", "kubectl", "curl", "ip"} {
		h.stub(name, "")
	}
	return h
}

// stub replaces a program by a line in the list of calls and the given shell code.
func (h *scriptsHost) stub(name, code string) {
	h.t.Helper()
	require.NoError(h.t, os.MkdirAll(h.bin, 0o755))
	body := fmt.Sprintf("#!/bin/bash\necho \"%s $*\" >>\"$CALLS\"\n%s\n", name, code)
	require.NoError(h.t, os.WriteFile(filepath.Join(h.bin, name), []byte(body), 0o755))
}

// copyStub takes over another host's stub.
func (h *scriptsHost) copyStub(from *scriptsHost, name string) {
	h.t.Helper()
	body, err := os.ReadFile(filepath.Join(from.bin, name))
	require.NoError(h.t, err)
	require.NoError(h.t, os.WriteFile(filepath.Join(h.bin, name), body, 0o755))
}

func (h *scriptsHost) remove(path string) {
	h.t.Helper()
	require.NoError(h.t, os.Remove(filepath.Join(h.root, path)))
}

func (h *scriptsHost) write(path, content string) {
	h.t.Helper()
	file := filepath.Join(h.root, path)
	require.NoError(h.t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(h.t, os.WriteFile(file, []byte(content), 0o600))
}

func (h *scriptsHost) read(path string) string {
	h.t.Helper()
	content, err := os.ReadFile(filepath.Join(h.root, path))
	require.NoError(h.t, err)
	return string(content)
}

func (h *scriptsHost) has(path string) bool {
	_, err := os.Stat(filepath.Join(h.root, path))
	return err == nil
}

// scriptsRun is what came of one run.
type scriptsRun struct {
	stdout, stderr, calls string
	failed                bool
}

// run runs a script with stdin; more are programs before it, such as timeout.
func (h *scriptsHost) run(script, stdin string, more ...string) scriptsRun {
	h.t.Helper()
	require.NoError(h.t, os.WriteFile(h.env["CALLS"], nil, 0o600))
	path, err := filepath.Abs(filepath.Join("..", "cluster", "scripts", script))
	require.NoError(h.t, err)
	words := slices.Concat(more, []string{"bash", path})
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Stdin, cmd.WaitDelay = strings.NewReader(stdin), 10*time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	for name, value := range h.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	err = cmd.Run()
	calls, readErr := os.ReadFile(h.env["CALLS"])
	require.NoError(h.t, readErr)
	return scriptsRun{stdout: stdout.String(), stderr: stderr.String(), calls: string(calls), failed: err != nil}
}

// works runs a script that must succeed.
func (h *scriptsHost) works(script, stdin string) scriptsRun {
	h.t.Helper()
	run := h.run(script, stdin)
	require.False(h.t, run.failed, "%s failed:\n%s\ncalls:\n%s", script, run.stderr, run.calls)
	return run
}

// fails runs a script that must fail, and say what failed and what to do.
func (h *scriptsHost) fails(script, stdin, what, remedy string) scriptsRun {
	h.t.Helper()
	run := h.run(script, stdin)
	assert.True(h.t, run.failed, "%s must fail", script)
	name := strings.TrimSuffix(script, ".sh")
	assert.Contains(h.t, run.stderr, name+": FAILED: "+what)
	assert.Contains(h.t, run.stderr, name+": what to do: "+remedy)
	return run
}

// scriptsMachine is a Debian machine before prepare.sh.
func scriptsMachine(t *testing.T) *scriptsHost {
	h := newScriptsHost(t, map[string]string{
		"NODE_IP": "172.31.2.239", "KUBERNETES_VERSION": "1.35.4", "PAUSE_IMAGE": "registry.k8s.io/pause:3.10.1",
		"PACKAGES": "http://mirror/apt", "REGISTRIES": "docker.io quay.io", "SWAP": "off", "LOCAL_VOLUMES": "/var/lib/platform/volumes/postgres",
	})
	h.write("etc/apt/sources.list", "deb http://deb.debian.org/debian trixie main\n")
	h.write("etc/apt/sources.list.d/debian.sources", "Types: deb\n")
	h.write("etc/fstab", "UUID=1 / ext4 defaults 0 1\nUUID=2 none swap sw 0 0\n")
	h.write("proc/filesystems", "nodev\toverlay\n")
	h.write("proc/sys/net/ipv4/ip_forward", "1\n")
	h.write("proc/swaps", "Filename Type Size Used Priority\n")
	h.write("opt/platform/etc/containerd.toml", "version = 2\n")
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
	h.stub("containerd", `echo "SystemdCgroup = true /opt/cni/bin /etc/containerd/certs.d registry.k8s.io/pause:3.10.1"`)
	h.stub("apt-get", `[[ $* == *" install "* ]] && echo "installed 1.35.4-1.1" >"$PLATFORM_ROOT/installed"; exit 0`)
	// One form of the question asks for the version as well, the other for the status alone.
	h.stub("dpkg-query", `[[ -e $PLATFORM_ROOT/installed ]] || exit 1
if [[ $* == *Version* ]]; then cat "$PLATFORM_ROOT/installed"; else echo installed; fi`)
	return h
}

func TestScriptsPrepare(t *testing.T) {
	h := scriptsMachine(t)
	first := h.works("prepare.sh", "")
	assert.Contains(t, first.calls, "cloud-init status --wait")
	assert.Contains(t, first.calls, "kubelet=1.35.4-* kubeadm=1.35.4-* kubectl=1.35.4-*")
	assert.Contains(t, first.calls, "apt-mark hold kubelet kubeadm kubectl")
	assert.Contains(t, first.calls, "systemctl restart containerd")
	assert.Equal(t, "deb [signed-by=/etc/apt/keyrings/platform.asc] http://mirror/apt/debian trixie main\n"+
		"deb [signed-by=/etc/apt/keyrings/platform.asc] http://mirror/apt/kubernetes/v1.35/deb/ /\n", h.read("etc/apt/sources.list.d/platform.list"))
	assert.False(t, h.has("etc/apt/sources.list"), "Debian's own sources are moved aside")
	assert.Contains(t, h.read("etc/fstab"), "\n# UUID=2 none swap")
	assert.Equal(t, "server = \"http://mirror:5000\"\n", h.read("etc/containerd/certs.d/quay.io/hosts.toml"))
	assert.True(t, h.has("var/lib/platform/volumes/postgres"))

	second := h.works("prepare.sh", "")
	assert.NotContains(t, second.calls, "apt-get", "nothing is installed twice")
	assert.NotContains(t, second.calls, "systemctl restart")
	assert.Equal(t, 1, strings.Count(h.read("etc/fstab"), "#"))

	t.Run("without the mirror the machine's own sources come back", func(t *testing.T) {
		h.env["PACKAGES"], h.env["REGISTRIES"] = "", ""
		h.stub("curl", `while (($# > 1)); do [[ $1 == --output ]] && echo key >"$2"; shift; done`)
		h.works("prepare.sh", "")
		assert.Equal(t, "deb http://deb.debian.org/debian trixie main\n", h.read("etc/apt/sources.list"))
		assert.True(t, h.has("etc/apt/sources.list.d/debian.sources"))
		assert.Contains(t, h.read("etc/apt/sources.list.d/platform.list"), "https://pkgs.k8s.io/core:/stable:/v1.35/deb/ /")
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
		"containerd keys": {func(h *scriptsHost) { h.stub("containerd", "echo SystemdCgroup = false") }, "containerd did not take over the setting SystemdCgroup = true", "use containerd"},
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

// scriptsControlPlane is a prepared machine whose kubeadm makes the files that the real one makes.
func scriptsControlPlane(t *testing.T) *scriptsHost {
	h := newScriptsHost(t, map[string]string{
		"NODE_NAME": "control-plane", "ENDPOINT": "172.31.15.119:6443", "ADDRESS": "203.0.113.9",
		"KUBERNETES_VERSION": "1.35.4", "POD_CIDR": "192.168.0.0/16", "SERVICE_CIDR": "10.96.0.0/12", "IGNORE": "Swap",
	})
	h.write("var/lib/kubelet/config.yaml", "a: b\n")
	h.stub("dpkg-query", `echo "installed 1.35.4-1.1"`)
	h.stub("kubeadm", `case "$1 $2" in
"init --config") mkdir -p "$PLATFORM_ROOT/etc/kubernetes/pki"; touch "$PLATFORM_ROOT/etc/kubernetes/admin.conf" ;;
"init phase") [[ $3 == certs ]] && touch "$PLATFORM_ROOT/etc/kubernetes/pki/apiserver."{crt,key} ;;
"reset --force") rm -rf "$PLATFORM_ROOT/etc/kubernetes" ;;
esac; exit 0`)
	h.stub("openssl", `[[ $1 != x509 ]] || echo "IP 203.0.113.9 does match certificate"`)
	h.stub("kubectl", `[[ $* == *"get nodes"* ]] && exit 1; exit 0`)
	return h
}

func TestScriptsInit(t *testing.T) {
	h := scriptsControlPlane(t)
	first := h.works("init.sh", "")
	assert.NotContains(t, first.calls, "kubeadm reset", "a new machine has nothing to remove")
	pulled, initialized := strings.Index(first.calls, "config images pull"), strings.Index(first.calls, "kubeadm init --config")
	assert.True(t, 0 <= pulled && pulled < initialized, "images come first: %s", first.calls)
	assert.Contains(t, first.calls, "--skip-token-print")
	assert.Contains(t, first.calls, "delete secrets --field-selector type=bootstrap.kubernetes.io/token")
	assert.Equal(t, "controlPlane 172.31.15.119:6443\npodCidr 192.168.0.0/16\nserviceCidr 10.96.0.0/12\n", h.read("var/lib/platform/initialized"))

	second := h.works("init.sh", "")
	assert.NotContains(t, second.calls, "kubeadm init --config", "a cluster is made once")
	assert.NotContains(t, second.calls, "kubeadm reset")
	assert.NotContains(t, second.calls, "phase certs", "the certificate is good")
	assert.NotContains(t, second.calls, "systemctl restart")
	assert.Contains(t, second.calls, "init phase upload-config all")

	t.Run("a new public address gets a certificate", func(t *testing.T) {
		h.write("etc/kubernetes/pki/apiserver.crt", "old")
		h.write("etc/kubernetes/pki/apiserver.key", "old")
		h.stub("openssl", `[[ $1 != x509 ]] || { [[ -s $PLATFORM_ROOT/etc/kubernetes/pki/apiserver.crt ]] && echo "does NOT match" || echo "does match"; }`)
		assert.Contains(t, h.works("init.sh", "").calls, "init phase certs apiserver")
	})
	t.Run("changed kubelet settings restart the kubelet", func(t *testing.T) {
		h.stub("kubeadm", `[[ "$1 $2" == "upgrade node" ]] && echo c: d >>"$PLATFORM_ROOT/var/lib/kubelet/config.yaml"; exit 0`)
		assert.Contains(t, h.works("init.sh", "").calls, "systemctl restart kubelet")
	})
	t.Run("the networks of a running cluster stay", func(_ *testing.T) {
		h.env["POD_CIDR"] = "10.0.0.0/16"
		h.fails("init.sh", "", `podCidr "10.0.0.0/16": cannot change on a running cluster, was "192.168.0.0/16"`, "set it back")
	})
}

func TestScriptsInitRepairsItself(t *testing.T) {
	t.Run("half a control plane is removed first", func(t *testing.T) {
		h := scriptsControlPlane(t)
		h.write("etc/kubernetes/admin.conf", "from a run that died")
		calls := h.works("init.sh", "").calls
		reset, initialized := strings.Index(calls, "kubeadm reset --force"), strings.Index(calls, "kubeadm init --config")
		assert.True(t, 0 <= reset && reset < initialized, calls)
	})
	t.Run("a cluster with members is never taken for half a control plane", func(t *testing.T) {
		h := scriptsControlPlane(t)
		h.write("etc/kubernetes/admin.conf", "of a real cluster")
		h.stub("kubectl", `[[ $* == *"get nodes"* ]] && printf 'node/control-plane\nnode/worker-node-1\n'; exit 0`)
		assert.NotContains(t, h.fails("init.sh", "", "this control plane has members", "if the cluster is to be kept").calls, "reset")
	})
	t.Run("no marker before the API server is ready", func(t *testing.T) {
		h := scriptsControlPlane(t)
		h.stub("kubectl", "echo connection refused; exit 1")
		h.fails("init.sh", "", "the API server is not ready after 180 seconds: connection refused", "look at crictl ps -a")
		assert.False(t, h.has("var/lib/platform/initialized"))
	})
	t.Run("what kubeadm says is shown", func(t *testing.T) {
		h := scriptsControlPlane(t)
		h.stub("kubeadm", `[[ "$1 $2" == "init --config" ]] || exit 0; echo "port 6443 is in use"; exit 1`)
		assert.Contains(t, h.fails("init.sh", "", "kubeadm init failed", "read what it says").stderr, "    port 6443 is in use")
	})
}

func TestScriptsStopAtTheirLimit(t *testing.T) {
	h := scriptsControlPlane(t)
	h.stub("kubeadm", `[[ $1 == config ]] && sleep 30; exit 0`)
	h.env["PLATFORM_WAIT"] = "60"
	run := h.run("init.sh", "", "timeout", "1")
	assert.True(t, run.failed)
	assert.Contains(t, run.stderr, "init: FAILED: stopped at its time limit while pulling images")
}

func TestScriptsRunOneAtATime(t *testing.T) {
	h := scriptsControlPlane(t)
	h.write("var/lib/platform/init.sh.lock", "")
	lock := exec.Command("flock", filepath.Join(h.root, "var/lib/platform/init.sh.lock"), "cat")
	stdin, err := lock.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, lock.Start())
	require.Eventually(t, func() bool {
		return exec.Command("flock", "--nonblock", filepath.Join(h.root, "var/lib/platform/init.sh.lock"), "true").Run() != nil
	}, 5*time.Second, 10*time.Millisecond)
	h.fails("init.sh", "", "an earlier run of init.sh is still at work", "wait for it to end")
	require.NoError(t, stdin.Close())
	require.NoError(t, lock.Wait())
	h.works("init.sh", "")
}
