package tests

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// scriptsSigner is a control plane that signs what it is asked to, for as many seconds as that says.
func scriptsSigner(t *testing.T) *scriptsHost {
	h := newScriptsHost(t, map[string]string{"ROLE": "view", "ADDRESS": "203.0.113.9", "LIFETIME": "86400"})
	scriptsMakeAuthority(h)
	h.stub("kubectl", `case "$*" in
*" create "*) cat >"$PLATFORM_ROOT/object" ;;
*"{.status.certificate}"*)
	pki=$PLATFORM_ROOT/etc/kubernetes/pki
	seconds=$(sed -n 's/.*"expirationSeconds": \([0-9]*\),.*/\1/p' "$PLATFORM_ROOT/object")
	sed -n 's/.*"request": "\(.*\)",/\1/p' "$PLATFORM_ROOT/object" | base64 --decode |
		openssl x509 -req -days $((seconds / 86400)) -CA "$pki/ca.crt" -CAkey "$pki/ca.key" -set_serial 1 2>/dev/null | base64 --wrap 0 ;;
*" config set-credentials "*)
	file=$2
	while (($#)); do case $1 in --client-certificate | --client-key) cat "$2" >>"$file" ;; esac; shift; done ;;
*" config "*) echo "$*" >>"$2" ;;
esac`)
	return h
}

func TestScriptsKubeconfigOfARole(t *testing.T) {
	h := scriptsSigner(t)
	keys := map[string]bool{}
	for range 2 {
		run := h.works("role-kubeconfig.sh", "")
		assert.Contains(t, run.stdout, "set-cluster platform --server https://203.0.113.9:6443")
		assert.Contains(t, run.stdout, "use-context view")
		assert.Contains(t, h.read("object"), `"signerName": "kubernetes.io/kube-apiserver-client", "expirationSeconds": 86400,`)
		inOrder(t, run.calls, "delete certificatesigningrequest platform-kubeconfig-view", "create --filename -", "certificate approve platform-kubeconfig-view",
			"get certificatesigningrequest", "delete certificatesigningrequest platform-kubeconfig-view")

		var key string
		var certificate *x509.Certificate
		for rest := []byte(run.stdout); ; {
			var block *pem.Block
			if block, rest = pem.Decode(rest); block == nil {
				break
			}
			switch block.Type {
			case "PRIVATE KEY":
				key = string(pem.EncodeToMemory(block))
			case "CERTIFICATE":
				var err error
				certificate, err = x509.ParseCertificate(block.Bytes)
				require.NoError(t, err)
			}
		}
		require.NotNil(t, certificate)
		assert.Equal(t, "platform:view", certificate.Subject.CommonName)
		assert.Equal(t, []string{"platform:view"}, certificate.Subject.Organization)
		assert.InDelta(t, (24 * time.Hour).Seconds(), certificate.NotAfter.Sub(certificate.NotBefore).Seconds(), 60)

		require.NotEmpty(t, key)
		secret := strings.Split(key, "\n")[1]
		for name, text := range map[string]string{"calls": run.calls, "messages": run.stderr, "the request": h.read("object")} {
			assert.NotContains(t, text, secret, name)
			assert.NotContains(t, text, base64.StdEncoding.EncodeToString([]byte(key)), name)
		}
		keys[key] = true
	}
	assert.Len(t, keys, 2, "each time another key")

	t.Run("a signer that does not answer", func(t *testing.T) {
		h.stubBefore("kubectl", `[[ $* != *"{.status.certificate}"* ]] || exit 0`)
		run := h.fails("role-kubeconfig.sh", "", "the certificate was not signed", "look at the log of kube-controller-manager")
		assert.Empty(t, run.stdout)
	})
}
