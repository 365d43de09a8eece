//go:build lab

package e2e

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/labtest"
)

// TestSecretsAreEncryptedInEtcd reads etcd's own bytes.
func TestSecretsAreEncryptedInEtcd(t *testing.T) {
	secrets := shop.Stored(t, "/registry/secrets/")
	require.NotEmpty(t, secrets)
	for key, value := range secrets {
		text := string(value[:min(len(value), 40)])
		assert.True(t, strings.HasPrefix(text, "k8s:enc:secretbox:v1:key-"), "%s begins with %q", key, text)
	}
	plain := shop.Stored(t, "/registry/configmaps/kube-system/kubeadm-config")
	require.Len(t, plain, 1, "what is no Secret")
	for _, value := range plain {
		assert.Contains(t, string(value), "ClusterConfiguration", "can be read, and so would a Secret")
	}
	assert.Equal(t, "600 root root\n", onControlPlane(t, "stat -c '%a %U %G' /etc/kubernetes/pki/secrets-encryption.yaml"))
}

// onControlPlane runs a line of shell there.
func onControlPlane(t *testing.T, line string) string {
	t.Helper()
	out, err := shop.OnMachine(t.Context(), "control-plane", "sh", "-c", line)
	require.NoError(t, err)
	return out
}

// auditEvent is a line of the API server's audit log.
type auditEvent struct {
	Level      string
	Verb       string
	RequestURI string
	User       struct{ Username string }
	ObjectRef  struct{ Resource, Namespace, Name, Subresource string }
	// Bodies are not there at the level Metadata.
	RequestObject, ResponseObject json.RawMessage
}

func auditLog(t *testing.T) (events []auditEvent, text string) {
	t.Helper()
	text = onControlPlane(t, "cat /var/log/kubernetes/audit/*.log")
	for line := range strings.Lines(text) {
		var event auditEvent
		require.NoError(t, json.Unmarshal([]byte(line), &event), line)
		events = append(events, event)
	}
	return events, text
}

// TestAuditLog looks for who read and changed what, and for what must not be there.
func TestAuditLog(t *testing.T) {
	shop.Kubectl(t, "get", "secrets", "--namespace", "kube-system", "--output", "name")
	labtest.Eventually(t, time.Minute, func() error {
		events, _ := auditLog(t)
		for _, event := range events {
			if event.Verb == "list" && event.ObjectRef.Resource == "secrets" && event.ObjectRef.Namespace == "kube-system" && event.User.Username == "kubernetes-admin" {
				return nil
			}
		}
		return assert.AnError
	})
	events, text := auditLog(t)
	for _, event := range events {
		require.Empty(t, event.RequestObject, "%s %s", event.Verb, event.RequestURI)
		require.Empty(t, event.ResponseObject, "%s %s", event.Verb, event.RequestURI)
		assert.NotContains(t, []string{"/healthz", "/livez", "/readyz"}, event.RequestURI)
		assert.False(t, event.ObjectRef.Resource == "leases" && strings.HasPrefix(event.User.Username, "system:node:") && event.Verb == "update", "a heartbeat")
	}
	for name, secret := range secretTexts(t) {
		assert.False(t, strings.Contains(text, secret), "%s is in the audit log", name) //nolint:testifylint // would print the secret
	}
	assert.Equal(t, "600 root\n", onControlPlane(t, "stat -c '%a %U' /var/log/kubernetes/audit/audit.log"))
}

// TestProfilesAreClosed asks each component of the control plane for a page that shows its insides.
func TestProfilesAreClosed(t *testing.T) {
	out, err := shop.TryKubectl(t.Context(), "get", "--raw", "/debug/pprof/cmdline")
	require.Error(t, err, out)
	for _, port := range []string{"10257", "10259"} {
		assert.NotContains(t, onControlPlane(t, "curl --silent --insecure https://127.0.0.1:"+port+"/debug/pprof/cmdline"), "--kubeconfig", port)
	}
}

// TestKubeletsServeCertificatesOfTheCluster asks every kubelet as the API server does, which insists on who answers.
func TestKubeletsServeCertificatesOfTheCluster(t *testing.T) {
	for node, address := range shop.Addresses {
		for _, host := range []string{address, node} {
			status := onControlPlane(t, "curl --silent --show-error --cacert /etc/kubernetes/pki/ca.crt --resolve "+node+":10250:"+address+
				" --output /dev/null --write-out '%{http_code}' https://"+host+":10250/healthz 2>&1")
			assert.Equal(t, "401", status, "%s as %s: it is known, and nobody gets in without a certificate", node, host)
		}
	}
	assert.Contains(t, onControlPlane(t, "cat /etc/kubernetes/manifests/kube-apiserver.yaml"), "--kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt")
}

// TestNobodyWithoutANameIsToldMoreThanHealth asks the API server as somebody who has only its address.
func TestNobodyWithoutANameIsToldMoreThanHealth(t *testing.T) {
	for path, want := range map[string]string{
		"/livez": "200", "/readyz": "200", "/version": "200",
		"/": "403", "/metrics": "403", "/api/v1/namespaces": "403", "/api/v1/namespaces/kube-public/configmaps": "403", "/apis": "403",
	} {
		status := onControlPlane(t, "curl --silent --cacert /etc/kubernetes/pki/ca.crt --output /dev/null --write-out '%{http_code}' https://"+shop.Addresses["control-plane"]+":6443"+path)
		assert.Equal(t, want, status, path)
	}
}
