package tests

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// scriptsDiscovery is what admit.sh prints, for a cluster with this authority.
func scriptsDiscovery(authority string) string {
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	return "-----BEGIN CERTIFICATE-----\nserving\n-----END CERTIFICATE-----\nclusters:\n- cluster:\n    certificate-authority-data: " + encode(authority) +
		"\nusers:\n- name: node\n  user:\n    client-certificate-data: " + encode("certificate") + "\n"
}

func scriptsWorker(t *testing.T) *scriptsHost {
	h := newScriptsHost(t, map[string]string{"NODE_NAME": "worker-node-1", "ENDPOINT": "172.31.15.119:6443", "KUBERNETES_VERSION": "1.35.90", "CONTAINERD_VERSION": "2.2.90"})
	h.write("var/lib/kubelet/config.yaml", "a: b\n")
	h.write("var/lib/platform/join/node.key", "the key\n")
	h.stub("dpkg-query", `case $* in *containerd.io) echo "installed 2.2.90-1" ;; *) echo "installed 1.35.90-1.1" ;; esac`)
	h.stub("openssl", "cat >/dev/null")
	h.stub("kubeadm", `case "$1" in
join) mkdir -p "$PLATFORM_ROOT/etc/kubernetes"; echo conf >"$PLATFORM_ROOT/etc/kubernetes/kubelet.conf" ;;
reset) rm -rf "$PLATFORM_ROOT/etc/kubernetes" ;;
esac`)
	return h
}

func TestScriptsJoin(t *testing.T) {
	h := scriptsWorker(t)
	first := h.works("join.sh", scriptsDiscovery("one"))
	assert.Contains(t, first.calls, "kubeadm join --config")
	assert.NotContains(t, first.calls, "kubeadm reset")
	assert.Equal(t, "one", h.read("var/lib/platform/join/ca.crt"))

	second := h.works("join.sh", scriptsDiscovery("one"))
	assert.NotContains(t, second.calls, "kubeadm join", "a member stays one")
	assert.NotContains(t, second.calls, "kubeadm reset")
	assert.NotContains(t, second.calls, "systemctl restart")

	t.Run("another cluster is joined anew", func(t *testing.T) {
		calls := h.works("join.sh", scriptsDiscovery("two")).calls
		reset, join := strings.Index(calls, "kubeadm reset"), strings.Index(calls, "kubeadm join")
		assert.True(t, 0 <= reset && reset < join, calls)
	})
	t.Run("a join that failed is repeated from the start", func(t *testing.T) {
		h := scriptsWorker(t)
		h.stub("kubeadm", `[[ $1 == join ]] && { mkdir -p "$PLATFORM_ROOT/etc/kubernetes"; touch "$PLATFORM_ROOT/etc/kubernetes/kubelet.conf"; echo timed out; exit 1; }; exit 0`)
		assert.Contains(t, h.fails("join.sh", scriptsDiscovery("one"), "kubeadm join failed", "read what it says").stderr, "    timed out")
		assert.False(t, h.has("var/lib/platform/joined"))
		assert.Contains(t, h.run("join.sh", scriptsDiscovery("one")).calls, "kubeadm reset")
	})
	for name, c := range map[string]struct {
		spoil               func(*scriptsHost)
		stdin, what, remedy string
	}{
		"nothing on stdin": {func(*scriptsHost) {}, "", "what came on stdin is not a kubeconfig", "run pulumi up again"},
		"no way to the API server": {func(h *scriptsHost) { h.stub("curl", "echo timed out; exit 28") }, scriptsDiscovery("one"),
			"the API server at 172.31.15.119:6443 cannot be reached from this node: timed out", "see whether the control plane runs and its security group admits port 6443"},
		"an expired certificate": {func(h *scriptsHost) { h.stub("openssl", "cat >/dev/null; exit 1") }, scriptsDiscovery("one"),
			"the certificate this node joins with has expired", "run pulumi up with --replace"},
		"a name in use": {func(h *scriptsHost) { h.stub("kubectl", "echo True") }, scriptsDiscovery("one"),
			"the cluster has a ready node worker-node-1", "give this node another name"},
	} {
		t.Run(name, func(t *testing.T) {
			h := scriptsWorker(t)
			c.spoil(h)
			assert.NotContains(t, h.fails("join.sh", c.stdin, c.what, c.remedy).calls, "kubeadm join")
		})
	}
}

func TestScriptsRequestAndAdmit(t *testing.T) {
	worker := newScriptsHost(t, map[string]string{"NODE_NAME": "worker-node-1"})
	request := worker.works("request.sh", "").stdout
	assert.True(t, strings.HasPrefix(request, "-----BEGIN CERTIFICATE REQUEST-----\n"), request)
	assert.Equal(t, request, worker.works("request.sh", "").stdout, "the same key, the same request")

	control := newScriptsHost(t, map[string]string{"NODE_NAME": "worker-node-1", "NODE_IP": "172.31.15.120", "ENDPOINT": "172.31.15.119:6443"})
	scriptsMakeAuthority(control)
	control.stub("kubectl", `case "$*" in
*" create "*) cat >"$PLATFORM_ROOT/object" ;;
*"{.status.certificate}"*) echo Y2VydGlmaWNhdGU= ;;
*" config "*) echo "$*" >>"$2" ;;
esac`)
	for range 2 {
		run := control.works("admit.sh", request)
		assert.Contains(t, run.stdout, "set-cluster platform --server https://172.31.15.119:6443")
		assert.NotContains(t, run.stdout, "PRIVATE")
		assert.Contains(t, run.calls, "certificate approve platform-join-worker-node-1")
		assert.Contains(t, control.read("object"), `"signerName": "kubernetes.io/kube-apiserver-client-kubelet"`)
	}
	t.Run("where openssl tells of the signature on stdout", func(t *testing.T) {
		control.stub("openssl", `exec /usr/bin/openssl "$@" 2>&1`)
		assert.Contains(t, control.works("admit.sh", request).calls, "certificate approve")
	})
	t.Run("a request that somebody else has signed", func(t *testing.T) {
		control.stub("openssl", `echo "Certificate request self-signature verify failure" >&2; echo "subject=CN=system:node:worker-node-1,O=system:nodes"`)
		run := control.fails("admit.sh", request, "the request of worker-node-1 is not a certificate request in its name", "run pulumi up again")
		assert.NotContains(t, run.calls, "approve")
	})
	control.stub("openssl", `exec /usr/bin/openssl "$@"`)
	control.env["NODE_NAME"] = "worker-node-2"
	assert.NotContains(t, control.fails("admit.sh", request, "the request of worker-node-2 is not a certificate request in its name", "run pulumi up again").calls, "approve")
}

func TestScriptsCalico(t *testing.T) {
	const manifest = "kind: DaemonSet\n"
	sum := sha256.Sum256([]byte(manifest))
	h := newScriptsHost(t, map[string]string{
		"CALICO_VERSION": "3.28.90", "MANIFEST_URL": "http://mirror/calico.yaml", "MANIFEST_SHA256": hex.EncodeToString(sum[:]),
	})
	h.write("opt/platform/etc/kustomization.yaml", "kind: Kustomization\n")
	h.stub("curl", `while (($# > 1)); do [[ $1 == --output ]] && echo "kind: DaemonSet" >"$2"; shift; done`)
	assert.Contains(t, h.works("calico.sh", "").calls, "apply --server-side")
	assert.NotContains(t, h.works("calico.sh", "").calls, "curl", "a checked manifest is kept")

	h.env["MANIFEST_SHA256"] = strings.Repeat("0", 64)
	assert.NotContains(t, h.fails("calico.sh", "", "the checksum of http://mirror/calico.yaml is not 0000", "calicoVersion and calicoManifestSha256 must go together").calls, "apply")
	h.stub("curl", `echo "The requested URL returned error: 404"; exit 22`)
	h.fails("calico.sh", "", "the manifest of Calico cannot be fetched: The requested URL returned error: 404", "let the control plane reach")

	h.env["MANIFEST_SHA256"] = hex.EncodeToString(sum[:])
	assert.NotContains(t, h.works("calico.sh", "").calls, "rollout", "no agent becomes ready before the steps that follow")
}

func TestScriptsCalicoGoesForward(t *testing.T) {
	const manifest = "kind: DaemonSet\n"
	sum := sha256.Sum256([]byte(manifest))
	for name, c := range map[string]struct{ image, refused string }{
		"a new cluster":       {"", ""},
		"the same":            {"docker.io/calico/node:v3.28.90", ""},
		"the next minor":      {"quay.io/calico/node:v3.27.91", ""},
		"by digest":           {"quay.io/calico/node@sha256:0000", ""},
		"an older patch":      {"docker.io/calico/node:v3.28.91", `calicoVersion "3.28.90": cannot go back, the cluster runs 3.28.91`},
		"an older minor":      {"quay.io/calico/node:v3.100.0", `calicoVersion "3.28.90": cannot go back, the cluster runs 3.100.0`},
		"nothing is answered": {"refused", "the API server does not tell which Calico runs: connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newScriptsHost(t, map[string]string{
				"CALICO_VERSION": "3.28.90", "MANIFEST_URL": "http://mirror/calico.yaml", "MANIFEST_SHA256": hex.EncodeToString(sum[:]),
				"IMAGE": c.image,
			})
			h.write("opt/platform/etc/kustomization.yaml", "kind: Kustomization\n")
			h.write("var/lib/platform/calico/calico.yaml", manifest)
			h.stub("kubectl", `case "$*" in
*"get daemonset calico-node"*) [[ $IMAGE != refused ]] || { echo "connection refused" >&2; exit 1; }; printf %s "$IMAGE" ;;
esac`)
			if c.refused == "" {
				assert.Contains(t, h.works("calico.sh", "").calls, "apply --server-side")
				return
			}
			assert.NotContains(t, h.fails("calico.sh", "", c.refused, "").calls, "apply")
		})
	}
}

func TestScriptsWaits(t *testing.T) {
	h := newScriptsHost(t, map[string]string{"NODE_NAME": "worker-node-1", "NODE_IP": "172.31.2.239", "TAINTS": ""})
	h.stub("kubectl", `case "$*" in *InternalIP*) echo 172.31.2.239 ;; esac`)
	h.works("member.sh", "")
	calls := h.works("ready.sh", "").calls
	inOrder(t, calls, "kubeadm init phase addon coredns --config", "rollout status deployment/coredns")
	for _, workload := range []string{"daemonset/calico-node", "deployment/calico-kube-controllers", "deployment/coredns"} {
		assert.Contains(t, calls, "rollout status "+workload)
	}
	t.Run("also for what was late before", func(t *testing.T) {
		late := newScriptsHost(t, map[string]string{"PLATFORM_WAIT": "5"})
		late.stub("kubectl", `[[ $* != *deployment/coredns* || -e $PLATFORM_ROOT/late ]] || { touch "$PLATFORM_ROOT/late"; echo "exceeded its progress deadline"; exit 1; }`)
		assert.Equal(t, 2, strings.Count(late.works("ready.sh", "").calls, "rollout status deployment/coredns"))
	})
	h.env["NODE_IP"] = "172.31.2.240"
	h.fails("member.sh", "", "worker-node-1 is registered as 172.31.2.239, not as 172.31.2.240", "see --node-ip")
	h.stub("kubectl", `case "$*" in *range*) echo "Ready=False: cni plugin not initialized" ;; *rollout* | *" wait "*) echo "0 of 3 pods"; exit 1 ;; *"get pods"*) echo "coredns-1 Pending" ;; esac`)
	assert.Contains(t, h.fails("member.sh", "", "worker-node-1 is not ready", "the conditions above").stderr, "    Ready=False: cni plugin not initialized")
	assert.Contains(t, h.fails("ready.sh", "", "calico-node is not ready after 10 minutes: 0 of 3 pods", "the pods and events above").stderr, "    coredns-1 Pending")
}

func TestScriptsKubeconfig(t *testing.T) {
	h := newScriptsHost(t, map[string]string{"ADDRESS": "203.0.113.9"})
	h.write("etc/kubernetes/admin.conf", "server: https://172.31.15.119:6443\n")
	h.stub("kubectl", `[[ $* == *set-cluster* ]] && sed -i "s#server: .*#server: ${@: -1}#" "$2" || echo kubernetes`)
	for range 2 {
		assert.Equal(t, "server: https://203.0.113.9:6443\n", h.works("kubeconfig.sh", "").stdout)
	}
	assert.Equal(t, "server: https://172.31.15.119:6443\n", h.read("etc/kubernetes/admin.conf"), "the original stays as it is")
}

func TestScriptsStaticPod(t *testing.T) {
	const target = "etc/kubernetes/manifests/node-exporter.yaml"
	h := newScriptsHost(t, map[string]string{"ACTION": "install", "MANIFEST": "node-exporter.yaml", "HEALTH": "http://172.31.2.239:9100/"})
	h.write("opt/platform/etc/node-exporter.yaml", "kind: Pod\n")
	assert.Contains(t, h.works("static-pod.sh", "").stderr, "starting node-exporter")
	assert.NotContains(t, h.works("static-pod.sh", "").stderr, "starting node-exporter")
	assert.Equal(t, "kind: Pod\n", h.read(target))
	h.stub("curl", "echo connection refused; exit 7")
	h.fails("static-pod.sh", "", "http://172.31.2.239:9100/ does not answer after 5 minutes: connection refused", "the lines above say why")
	h.env["ACTION"] = "remove"
	for range 2 {
		h.works("static-pod.sh", "")
		assert.False(t, h.has(target))
	}
}

func TestScriptsReset(t *testing.T) {
	h := scriptsWorker(t)
	h.stub("iptables-save", `printf -- '-A FORWARD -j cali-FORWARD\n-A INPUT -j KUBE-FIREWALL\n-A INPUT -j ACCEPT\n'`)
	h.stub("iptables-restore", `cat >"$PLATFORM_ROOT/rules"`)
	h.works("join.sh", scriptsDiscovery("one"))
	h.write("etc/cni/net.d/10-calico.conflist", "{}")
	h.write("var/lib/platform/volumes/postgres/data", "rows")
	assert.Contains(t, h.works("reset.sh", "").calls, "kubeadm reset")
	assert.Equal(t, "-A INPUT -j ACCEPT\n", h.read("rules"), "rules of others stay")
	assert.False(t, h.has("var/lib/platform/joined"))
	assert.False(t, h.has("etc/cni/net.d/10-calico.conflist"))
	assert.Equal(t, "rows", h.read("var/lib/platform/volumes/postgres/data"), "data outlives membership")
	assert.NotContains(t, h.works("reset.sh", "").calls, "kubeadm reset", "there is nothing left to reset")
	h.write("var/lib/platform/join/node.key", "another key, which the step before draws\n")
	assert.Contains(t, h.works("join.sh", scriptsDiscovery("one")).calls, "kubeadm join", "the node can come back")
}
