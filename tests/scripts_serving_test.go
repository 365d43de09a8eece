package tests

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// scriptsServes reads what a kubelet on a host serves, and checks it as an API server with an authority does.
func scriptsServes(h *scriptsHost, authority, name, address string) (*x509.Certificate, error) {
	h.t.Helper()
	pair, err := tls.X509KeyPair([]byte(h.read("var/lib/kubelet/pki/kubelet.crt")), []byte(h.read("var/lib/kubelet/pki/kubelet.key")))
	require.NoError(h.t, err)
	roots := x509.NewCertPool()
	require.True(h.t, roots.AppendCertsFromPEM([]byte(authority)))
	for _, host := range []string{name, address} {
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}); err != nil {
			return pair.Leaf, err
		}
	}
	return pair.Leaf, nil
}

func TestScriptsControlPlaneServesACertificateOfTheCluster(t *testing.T) {
	h := scriptsControlPlane(t)
	run := h.works("init.sh", "")
	inOrder(t, run.calls, "kubeadm init phase certs ca", "openssl x509 -req", "kubeadm init --config")
	authority := h.read("etc/kubernetes/pki/ca.crt")
	leaf, err := scriptsServes(h, authority, "control-plane", "172.31.15.119")
	require.NoError(t, err)
	assert.IsType(t, &ecdsa.PublicKey{}, leaf.PublicKey)
	assert.InDelta(t, 365*24, leaf.NotAfter.Sub(leaf.NotBefore).Hours(), 1)
	assert.True(t, time.Now().After(leaf.NotBefore))
	assert.NotContains(t, h.works("init.sh", "").calls, "openssl x509 -req", "it is good")

	t.Run("one that the kubelet signed itself is replaced", func(t *testing.T) {
		h.write("var/lib/kubelet/pki/kubelet.crt", scriptsCertificate(t, time.Now().AddDate(1, 0, 0)))
		h.stubBefore("systemctl", `[[ $* != "restart kubelet" || ! -e $PLATFORM_ROOT/dies ]] || { rm "$PLATFORM_ROOT/dies"; kill -KILL "$PPID"; }`)
		h.write("dies", "")
		assert.True(t, h.run("init.sh", "").failed, "before the kubelet starts with it")
		run := h.works("init.sh", "")
		assert.Contains(t, run.calls, "systemctl restart kubelet")
		_, err := scriptsServes(h, authority, "control-plane", "172.31.15.119")
		require.NoError(t, err)
		assert.NotContains(t, h.works("init.sh", "").calls, "systemctl restart kubelet")
	})
}

func TestScriptsWorkerServesACertificateOfTheCluster(t *testing.T) {
	control := scriptsControlPlane(t)
	scriptsMakeAuthority(control)
	authority := control.read("etc/kubernetes/pki/ca.crt")
	worker := scriptsWorker(t)
	worker.remove("var/lib/platform/join/node.key")
	worker.stub("openssl", `exec /usr/bin/openssl "$@"`)
	control.env["NODE_NAME"], control.env["NODE_IP"] = "worker-node-1", "172.31.15.120"
	control.stub("openssl", `exec /usr/bin/openssl "$@"`)
	control.stub("kubectl", `case "$*" in
*" create "*) sed -n 's/.*"request": "\(.*\)",/\1/p' | base64 --decode >"$PLATFORM_ROOT/csr"
	/usr/bin/openssl x509 -req -in "$PLATFORM_ROOT/csr" -CA "$PLATFORM_ROOT/etc/kubernetes/pki/ca.crt" -CAkey "$PLATFORM_ROOT/etc/kubernetes/pki/ca.key" -days 1 2>/dev/null >"$PLATFORM_ROOT/client" ;;
*"{.status.certificate}"*) base64 --wrap 0 "$PLATFORM_ROOT/client" ;;
*" set-cluster "*) printf 'clusters:\n- cluster:\n    certificate-authority-data: %s\n' "$(base64 --wrap 0 "$PLATFORM_ROOT/etc/kubernetes/pki/ca.crt")" >"$2" ;;
*" set-credentials "*) printf 'users:\n- user:\n    client-certificate-data: %s\n' "$(base64 --wrap 0 "$PLATFORM_ROOT/client")" >>"$2" ;;
esac`)
	admitted := func() string { return control.works("admit.sh", worker.works("request.sh", "").stdout).stdout }

	inOrder(t, worker.works("join.sh", admitted()).calls, "kubeadm join --config")
	first, err := scriptsServes(worker, authority, "worker-node-1", "172.31.15.120")
	require.NoError(t, err)

	t.Run("a certificate that is good stays", func(t *testing.T) {
		run := worker.works("join.sh", admitted())
		assert.NotContains(t, run.calls, "systemctl restart")
		now, err := scriptsServes(worker, authority, "worker-node-1", "172.31.15.120")
		require.NoError(t, err)
		assert.Equal(t, first.SerialNumber, now.SerialNumber)
	})
	t.Run("one that the kubelet signed itself is replaced", func(t *testing.T) {
		worker.write("var/lib/kubelet/pki/kubelet.crt", scriptsCertificate(t, time.Now().AddDate(1, 0, 0)))
		assert.Contains(t, worker.works("join.sh", admitted()).calls, "systemctl restart kubelet")
		_, err := scriptsServes(worker, authority, "worker-node-1", "172.31.15.120")
		require.NoError(t, err)
	})
	t.Run("it is renewed with the others", func(t *testing.T) {
		before, err := scriptsServes(worker, authority, "worker-node-1", "172.31.15.120")
		require.NoError(t, err)
		worker.env["RENEWAL"] = "2027"
		worker.works("join.sh", admitted())
		now, err := scriptsServes(worker, authority, "worker-node-1", "172.31.15.120")
		require.NoError(t, err)
		assert.NotEqual(t, before.SerialNumber, now.SerialNumber)
	})
}
