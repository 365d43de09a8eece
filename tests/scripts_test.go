package tests

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// scriptsControlPlane is a prepared machine whose kubeadm makes the files that the real one makes.
func scriptsControlPlane(t *testing.T) *scriptsHost {
	h := newScriptsHost(t, map[string]string{
		"NODE_NAME": "control-plane", "ENDPOINT": "172.31.15.119:6443", "ADDRESS": "203.0.113.9",
		"KUBERNETES_VERSION": "1.35.90", "CONTAINERD_VERSION": "2.2.90", "POD_CIDR": "192.168.0.0/16", "SERVICE_CIDR": "10.96.0.0/12", "IGNORE": "Swap",
	})
	h.write("var/lib/kubelet/config.yaml", "a: b\n")
	h.write("opt/platform/etc/kubeadm.yaml", "kind: ClusterConfiguration\n---\nkind: KubeProxyConfiguration\nmode: iptables\n")
	h.stub("dpkg-query", `case $* in *containerd.io) echo "installed 2.2.90-1" ;; *) echo "installed 1.35.90-1.1" ;; esac`)
	h.stub("kubeadm", `case "$1 $2" in
"init --config") mkdir -p "$PLATFORM_ROOT/etc/kubernetes/pki"; touch "$PLATFORM_ROOT/etc/kubernetes/admin.conf" ;;
"init phase") [[ $3 == certs ]] && touch "$PLATFORM_ROOT/etc/kubernetes/pki/apiserver."{crt,key} ;;
"reset --force") rm -rf "$PLATFORM_ROOT/etc/kubernetes" ;;
esac; exit 0`)
	h.stub("openssl", `case "$*" in
*-check*) echo "IP 203.0.113.9 does match certificate" ;;
s_client*) ;;
*) exec /usr/bin/openssl "$@" ;;
esac`)
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
		h.stub("openssl", `case "$*" in
*-check*) [[ -s $PLATFORM_ROOT/etc/kubernetes/pki/apiserver.crt ]] && echo "does NOT match" || echo "does match" ;;
s_client*) ;;
*) exec /usr/bin/openssl "$@" ;;
esac`)
		assert.Contains(t, h.works("init.sh", "").calls, "init phase certs apiserver")
	})
	t.Run("changed kubelet settings restart the kubelet", func(t *testing.T) {
		h.stub("kubeadm", `[[ "$1 $2" == "upgrade node" ]] && echo c: d >>"$PLATFORM_ROOT/var/lib/kubelet/config.yaml"; exit 0`)
		assert.Contains(t, h.works("init.sh", "").calls, "systemctl restart kubelet")
	})
	t.Run("changed settings of kube-proxy restart it, once", func(t *testing.T) {
		h.write("opt/platform/etc/kubeadm.yaml", "kind: ClusterConfiguration\n---\nkind: KubeProxyConfiguration\nmetricsBindAddress: 0.0.0.0:10249\n")
		h.stub("kubectl", `[[ $* == *"rollout restart"* ]] && exit 1; exit 0`)
		h.fails("init.sh", "", "kube-proxy cannot be restarted", "look at the API server's log")
		h.stub("kubectl", "exit 0")
		inOrder(t, h.works("init.sh", "").calls, "init phase addon kube-proxy --config", "rollout restart daemonset/kube-proxy", "rollout status daemonset/kube-proxy")
		assert.NotContains(t, h.works("init.sh", "").calls, "kube-proxy", "a change of something else is none of its")
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
	t.Run("etcd's data of a cluster that is silent and lost its marker are kept", func(t *testing.T) {
		h := scriptsControlPlane(t)
		h.works("init.sh", "")
		h.write("var/lib/etcd/member/snap/db", "the cluster")
		h.remove("var/lib/platform/initialized")
		h.stub("kubectl", "echo connection refused; exit 1")
		run := h.fails("init.sh", "", "this machine holds etcd's data, and nothing proves that they are an unfinished cluster's", "see on the node why the cluster does not run")
		assert.NotContains(t, run.calls, "kubeadm reset")
		assert.True(t, h.has("var/lib/etcd/member/snap/db"))
	})
	t.Run("etcd's data of an initialisation that broke off are removed", func(t *testing.T) {
		h := scriptsControlPlane(t)
		h.copyStub(scriptsControlPlane(t), "kubeadm")
		h.stub("kubectl", "echo connection refused; exit 1")
		assert.True(t, h.run("init.sh", "").failed)
		h.write("var/lib/etcd/member/snap/db", "half a cluster")
		h.stub("kubectl", `[[ $* == *"get nodes"* ]] && exit 1; exit 0`)
		assert.Contains(t, h.works("init.sh", "").calls, "kubeadm reset --force")
		assert.False(t, h.has("var/lib/platform/initializing"), "from now on it is a cluster")
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
