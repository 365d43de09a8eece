package tests

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const scriptsMetricsServer = "etc/kubernetes/pki/metrics-server"

// scriptsMetrics is a control plane whose API server keeps the Secret that it is given in the file secret.
func scriptsMetrics(t *testing.T) *scriptsHost {
	h := scriptsControlPlane(t)
	scriptsMakeAuthority(h)
	h.env["ACTION"] = "install"
	h.stub("kubectl", `case "$*" in
*" secret tls metrics-server-serving "*) while (($#)); do case $1 in --cert | --key) cat "$2"; shift ;; esac; shift; done ;;
*" apply "*) cat >"$PLATFORM_ROOT/secret" ;;
*" delete secret metrics-server-serving "*) rm -f "$PLATFORM_ROOT/secret" ;;
esac`)
	return h
}

// scriptsMetricsServes checks what is in the Secret as the API server checks what it is shown.
func scriptsMetricsServes(h *scriptsHost) *x509.Certificate {
	h.t.Helper()
	pair, err := tls.X509KeyPair([]byte(h.read("secret")), []byte(h.read("secret")))
	require.NoError(h.t, err)
	roots := x509.NewCertPool()
	require.True(h.t, roots.AppendCertsFromPEM([]byte(h.read("etc/kubernetes/pki/ca.crt"))))
	_, err = pair.Leaf.Verify(x509.VerifyOptions{
		DNSName: "metrics-server.kube-system.svc", Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	require.NoError(h.t, err)
	return pair.Leaf
}

func TestScriptsMetricsServer(t *testing.T) {
	h := scriptsMetrics(t)
	first := h.works("metrics-server.sh", "")
	leaf := scriptsMetricsServes(h)
	assert.InDelta(t, 365*24, leaf.NotAfter.Sub(leaf.NotBefore).Hours(), 1)
	assert.Empty(t, leaf.IPAddresses)
	info, err := os.Stat(filepath.Join(h.root, scriptsMetricsServer+".key"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	key := h.read(scriptsMetricsServer + ".key")
	for line := range strings.Lines(key) {
		assert.NotContains(t, first.calls+first.stdout+first.stderr, strings.TrimSpace(line), "the key is in no argument and in no output")
	}

	t.Run("again it is the same", func(t *testing.T) {
		again := h.works("metrics-server.sh", "")
		assert.NotContains(t, again.calls, "openssl x509 -req")
		assert.Equal(t, leaf.SerialNumber, scriptsMetricsServes(h).SerialNumber)
	})
	t.Run("a Secret that somebody deleted comes again", func(t *testing.T) {
		h.remove("secret")
		h.works("metrics-server.sh", "")
		assert.Equal(t, leaf.SerialNumber, scriptsMetricsServes(h).SerialNumber)
	})
	t.Run("another text renews it, once", func(t *testing.T) {
		h.env["RENEWAL"] = "2027"
		h.works("metrics-server.sh", "")
		renewed := scriptsMetricsServes(h)
		assert.NotEqual(t, leaf.SerialNumber, renewed.SerialNumber)
		h.works("metrics-server.sh", "")
		assert.Equal(t, renewed.SerialNumber, scriptsMetricsServes(h).SerialNumber)
	})
	t.Run("a key without its certificate is of a run that died", func(t *testing.T) {
		h.write(scriptsMetricsServer+".crt", scriptsCertificate(t, time.Now().AddDate(1, 0, 0)))
		h.works("metrics-server.sh", "")
		scriptsMetricsServes(h)
	})
	t.Run("it stands in the list of certificates", func(t *testing.T) {
		assert.Contains(t, h.works("certificates.sh", "").stdout, " /etc/kubernetes/pki/metrics-server.crt\n")
	})
	t.Run("an API server that is away", func(*testing.T) {
		h.stubBefore("kubectl", `[[ $* != *" apply "* || ! -e $PLATFORM_ROOT/away ]] || { cat >/dev/null; echo "the server is away" >&2; exit 1; }`)
		h.write("away", "")
		h.fails("metrics-server.sh", "", "the Secret metrics-server-serving cannot be written: the server is away", "look at the API server's log")
		h.remove("away")
	})
	t.Run("taken back, nothing is left", func(t *testing.T) {
		h.env["ACTION"] = "remove"
		for range 2 {
			h.works("metrics-server.sh", "")
			for _, path := range []string{"secret", scriptsMetricsServer + ".crt", scriptsMetricsServer + ".key"} {
				assert.False(t, h.has(path), path)
			}
		}
	})
}
