//go:build lab && lifecycle

package lifecycle

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A renewal by config gives every certificate a later end, except the authorities', and everything uses the new ones.
func testCertificates(t *testing.T) {
	before, kubeconfig := certificates(t), shop.Outputs["kubeconfig"]
	for _, name := range []string{
		"control-plane:/etc/kubernetes/pki/apiserver.crt", "control-plane:/etc/kubernetes/pki/etcd/server.crt",
		"control-plane:/etc/kubernetes/admin.conf", "control-plane:/etc/kubernetes/scheduler.conf",
		"control-plane:/var/lib/kubelet/pki/kubelet-client-current.pem", "worker-node-2:/var/lib/kubelet/pki/kubelet.crt",
		"worker-node-1:/var/lib/kubelet/pki/kubelet-client-current.pem",
	} {
		assert.Contains(t, before, name)
	}

	config := map[string]any{"certificateRenewal": time.Now().Format(time.RFC3339)}
	require.NoError(t, shop.Set(t.Context(), config))
	start := time.Now()
	_, err := shop.Stack.Up(t.Context())
	require.NoError(t, err)
	note(t, "certificates renewed", "%d of them in %s", len(before), time.Since(start).Round(time.Second))
	require.NoError(t, shop.Connect(t.Context()))

	after := certificates(t)
	for name, end := range before {
		if isAuthority(name) {
			assert.Equal(t, end, after[name], name)
		} else {
			assert.True(t, after[name].After(end), "%s ends %s, as before", name, after[name])
		}
	}
	assert.NotEqual(t, kubeconfig, shop.Outputs["kubeconfig"], "the kubeconfig among the outputs is the old one")
	for what, served := range map[string]string{
		"control-plane:/etc/kubernetes/pki/apiserver.crt":   shop.Addresses["control-plane"] + ":6443",
		"control-plane:/etc/kubernetes/pki/etcd/server.crt": shop.Addresses["control-plane"] + ":2379",
		"control-plane:/var/lib/kubelet/pki/kubelet.crt":    shop.Addresses["control-plane"] + ":10250",
		"worker-node-2:/var/lib/kubelet/pki/kubelet.crt":    shop.Addresses["worker-node-2"] + ":10250",
	} {
		assert.Equal(t, after[what], servedUntil(t, served), "%s serves another certificate than %s", served, what)
	}

	ready := shop.Kubectl(t, "get", "nodes", "-o", `jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}`)
	assert.Equal(t, "True True True", ready)
	// From here to the API server to the kubelet to the pod.
	assert.NotEmpty(t, shop.Kubectl(t, "exec", "-n", "ecommerce", "deployment/frontend", "--", "cat", "/etc/hostname"))
	status, _, _, err := shop.Fetch(t.Context(), "/data")
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, status)
	again, err := shop.Stack.Up(t.Context())
	require.NoError(t, err)
	assert.Empty(t, again.Changed())
}

// certificates are when those in the stack's output end, by node and file.
func certificates(t *testing.T) map[string]time.Time {
	t.Helper()
	list, ok := shop.Outputs["certificates"].([]any)
	require.True(t, ok, "no output certificates")
	ends := map[string]time.Time{}
	for _, item := range list {
		certificate, ok := item.(map[string]any)
		require.True(t, ok)
		end, err := time.Parse(time.RFC3339, fmt.Sprint(certificate["expires"]))
		require.NoError(t, err)
		ends[fmt.Sprintf("%s:%s", certificate["node"], certificate["name"])] = end
	}
	return ends
}

func isAuthority(name string) bool { return strings.HasSuffix(name, "ca.crt") }

// servedUntil is when the certificate ends that a server shows to the control plane.
func servedUntil(t *testing.T, address string) time.Time {
	t.Helper()
	text, err := shop.OnMachine(t.Context(), "control-plane", "sh", "-c",
		"openssl s_client -connect "+address+" </dev/null 2>/dev/null | openssl x509 -noout -enddate")
	require.NoError(t, err)
	end, err := time.Parse("notAfter=Jan _2 15:04:05 2006 MST", strings.TrimSpace(text))
	require.NoError(t, err)
	return end.UTC()
}
