package tests

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// scriptsCertificate is a certificate in PEM that ends at a time.
func scriptsCertificate(t *testing.T, end time.Time) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: end.AddDate(-1, 0, 0), NotAfter: end}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// scriptsKubeconfig is one with a certificate in it.
func scriptsKubeconfig(certificate string) string {
	return "users:\n- name: x\n  user:\n    client-certificate-data: " + base64.StdEncoding.EncodeToString([]byte(certificate)) +
		"\n    client-key-data: " + base64.StdEncoding.EncodeToString([]byte("the key\n")) + "\n"
}

func TestScriptsCertificates(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2027, 11, n, 5, 4, 3, 0, time.UTC) }
	h := newScriptsHost(t, nil)
	h.write("etc/kubernetes/pki/apiserver.crt", scriptsCertificate(t, day(1)))
	h.write("etc/kubernetes/pki/etcd/server.crt", scriptsCertificate(t, day(2)))
	h.write("etc/kubernetes/admin.conf", scriptsKubeconfig(scriptsCertificate(t, day(3))))
	h.write("etc/kubernetes/kubelet.conf", "users:\n- user:\n    client-certificate: /var/lib/kubelet/pki/kubelet-client-current.pem\n")
	h.write("var/lib/kubelet/pki/kubelet-client-current.pem", scriptsCertificate(t, day(4))+"-----BEGIN EC PRIVATE KEY-----\n")
	h.write("var/lib/kubelet/pki/kubelet.crt", scriptsCertificate(t, day(5)))
	assert.Equal(t, "2027-11-01T05:04:03Z /etc/kubernetes/pki/apiserver.crt\n"+
		"2027-11-02T05:04:03Z /etc/kubernetes/pki/etcd/server.crt\n"+
		"2027-11-05T05:04:03Z /var/lib/kubelet/pki/kubelet.crt\n"+
		"2027-11-04T05:04:03Z /var/lib/kubelet/pki/kubelet-client-current.pem\n"+
		"2027-11-03T05:04:03Z /etc/kubernetes/admin.conf\n", h.works("certificates.sh", "").stdout)

	h.write("etc/kubernetes/pki/apiserver.crt", "rubbish")
	h.fails("certificates.sh", "", "/etc/kubernetes/pki/apiserver.crt is not a certificate", "look at it on the node")
}

// scriptsComponents lets the static pods of a control plane run as containers that the kubelet starts again: their
// identities are in a file, and a container that is killed has another one afterwards.
func scriptsComponents(h *scriptsHost) {
	h.write("tasks", "etcd-0\nkube-apiserver-0\nkube-controller-manager-0\nkube-scheduler-0\n")
	h.stub("ctr", `name=$(sed -n 's/.*container.name"==\([a-z-]*\),.*/\1/p' <<<"$*")
case "$*" in
*"containers list"*) grep "^$name-" "$PLATFORM_ROOT/tasks"; echo "$name-dead" ;;
*"tasks list"*) echo "TASK PID STATUS"; while read -r id; do echo "$id   42   RUNNING"; done <"$PLATFORM_ROOT/tasks"; echo "old 7 STOPPED" ;;
*"containers info"*) container=${*: -1}; printf '  "io.kubernetes.pod.uid": "%s",\n' "$(md5sum <"$PLATFORM_ROOT/etc/kubernetes/manifests/${container%-*}.yaml")" ;;
*"tasks kill"*) sed -i "s/^${*: -1}$/&1/" "$PLATFORM_ROOT/tasks" ;;
esac`)
}

func TestScriptsRenewTheControlPlane(t *testing.T) {
	h := scriptsControlPlane(t)
	scriptsComponents(h)
	h.works("init.sh", "")
	h.stub("kubeadm", `case "$*" in
*"kubeconfig kubelet"*) cp "$PLATFORM_ROOT/kubelet.conf" "${*: -1}/kubelet.conf" ;;
esac`)
	h.write("kubelet.conf", scriptsKubeconfig("new certificate\n"))
	serving := h.read("var/lib/kubelet/pki/kubelet.crt")

	t.Run("nothing is renewed without being told", func(t *testing.T) {
		assert.NotContains(t, h.works("init.sh", "").calls, "certs renew")
	})
	t.Run("everything is renewed and started again once", func(t *testing.T) {
		h.env["RENEWAL"] = "2027"
		calls := h.works("init.sh", "").calls
		assert.Contains(t, calls, "kubeadm certs renew all")
		assert.Equal(t, "etcd-01\nkube-apiserver-01\nkube-controller-manager-01\nkube-scheduler-01\n", h.read("tasks"))
		assert.Contains(t, calls, "systemctl restart kubelet")
		link, err := os.Readlink(filepath.Join(h.root, "var/lib/kubelet/pki/kubelet-client-current.pem"))
		require.NoError(t, err)
		assert.Equal(t, "new certificate\nthe key\n", h.read(link))
		assert.NotEqual(t, serving, h.read("var/lib/kubelet/pki/kubelet.crt"))
		assert.Less(t, strings.Index(calls, "certs renew"), strings.Index(calls, "tasks kill"))

		again := h.works("init.sh", "").calls
		assert.NotContains(t, again, "certs renew")
		assert.NotContains(t, again, "tasks kill")
	})
	t.Run("a renewal that failed is repeated", func(t *testing.T) {
		h.env["RENEWAL"] = "2028"
		h.stub("kubeadm", `[[ $1 == certs ]] && { echo "no such authority"; exit 1; }; exit 0`)
		assert.Contains(t, h.fails("init.sh", "", "kubeadm could not renew the certificates", "read what it says").stderr, "    no such authority")
		h.stub("kubeadm", `[[ $* == *"kubeconfig kubelet"* ]] && cp "$PLATFORM_ROOT/kubelet.conf" "${*: -1}/kubelet.conf"; exit 0`)
		assert.Contains(t, h.works("init.sh", "").calls, "kubeadm certs renew all")
	})
	t.Run("a component that stays away is named", func(*testing.T) {
		h.env["RENEWAL"] = "2029"
		h.write("tasks", "kube-apiserver-0\n")
		h.fails("init.sh", "", "etcd does not start again", "look at journalctl -u kubelet")
	})
}

func TestScriptsRenewAWorker(t *testing.T) {
	h := scriptsWorker(t)
	h.works("join.sh", scriptsDiscovery("one"))
	h.write("var/lib/kubelet/pki/kubelet-client-current.pem", "old")
	assert.NotContains(t, h.works("join.sh", scriptsDiscovery("one")).calls, "systemctl")

	h.env["RENEWAL"] = "2027"
	run := h.works("join.sh", scriptsDiscovery("one"))
	assert.Contains(t, run.calls, "systemctl restart kubelet")
	assert.NotContains(t, run.calls, "kubeadm reset")
	assert.NotContains(t, run.calls, "kubeadm join")
	link, err := os.Readlink(filepath.Join(h.root, "var/lib/kubelet/pki/kubelet-client-current.pem"))
	require.NoError(t, err)
	assert.Equal(t, "certificatethe key\n", h.read(link))
	assert.NotContains(t, h.works("join.sh", scriptsDiscovery("one")).calls, "systemctl restart", "once for each text")

	fresh := scriptsWorker(t)
	fresh.env["RENEWAL"] = "2027"
	fresh.works("join.sh", scriptsDiscovery("one"))
	assert.NotContains(t, fresh.works("join.sh", scriptsDiscovery("one")).calls, "systemctl restart", "what has just been made needs no renewal")
}
