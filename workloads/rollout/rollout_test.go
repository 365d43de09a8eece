package rollout

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type object = map[string]any

// rolling is a Deployment of two pods whose template has changed once.
func rolling(status object) object {
	return object{"metadata": object{"generation": 2}, "spec": object{"replicas": 2}, "status": status}
}

var (
	// before is the status that the old template left, under the new one.
	before = rolling(object{"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2})
	starts = rolling(object{"observedGeneration": 2, "replicas": 3, "updatedReplicas": 1, "availableReplicas": 2})
	leaves = rolling(object{"observedGeneration": 2, "replicas": 3, "updatedReplicas": 2, "availableReplicas": 3})
	begins = rolling(object{"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 1})
	done   = rolling(object{"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2})
	stuck  = rolling(object{"observedGeneration": 2, "replicas": 3, "updatedReplicas": 1, "availableReplicas": 2, "conditions": []object{
		{"type": "Progressing", "reason": "ProgressDeadlineExceeded", "message": "ReplicaSet \"x\" has timed out progressing."},
	}})
)

// rolledOut waits for a Deployment of which an API server says one thing after the other, nil being that it is unwell, and counts
// how often it was asked.
func rolledOut(t *testing.T, says ...object) (int, error) {
	t.Helper()
	var asked atomic.Int64
	server := httptest.NewTLSServer(http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/apis/apps/v1/namespaces/shop/deployments/backend", r.URL.Path)
		says := says[min(int(asked.Add(1)), len(says))-1]
		if says == nil {
			answer.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		assert.NoError(t, json.NewEncoder(answer).Encode(says))
	}))
	defer server.Close()
	w := &watch{known: make(chan struct{}), kubeconfig: kubeconfigOf(t, server), pause: time.Millisecond, limit: time.Second / 5}
	close(w.known)
	err := w.wait(context.Background(), resource.NewPropertyMapFromMap(object{"metadata": object{"name": "backend", "namespace": "shop"}}))
	return int(asked.Load()), err
}

func kubeconfigOf(t *testing.T, server *httptest.Server) string {
	t.Helper()
	pair := server.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	require.NoError(t, err)
	text := func(kind string, der []byte) string {
		return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return fmt.Sprintf(`{clusters: [{cluster: {server: %q, certificate-authority-data: %s}}],
users: [{user: {client-certificate-data: %s, client-key-data: %s}}]}`,
		server.URL, text("CERTIFICATE", pair.Certificate[0]), text("CERTIFICATE", pair.Certificate[0]), text("PRIVATE KEY", key))
}

func TestAnUpdateEndsWithItsRollout(t *testing.T) {
	asked, err := rolledOut(t, before, nil, starts, leaves, begins, done)
	require.NoError(t, err)
	assert.Equal(t, 6, asked)
	asked, err = rolledOut(t, done)
	require.NoError(t, err)
	assert.Equal(t, 1, asked)
}

func TestARolloutThatDoesNotEndFailsTheUpdate(t *testing.T) {
	for name, test := range map[string]struct {
		says object
		want string
	}{
		"given up":         {stuck, `deployment shop/backend: the rollout failed: ReplicaSet "x" has timed out progressing.`},
		"never begun":      {before, "deployment shop/backend: after 200ms: the new template is not being rolled out"},
		"never ready":      {begins, "deployment shop/backend: after 200ms: 2 of 2 pods are new, 1 of them available, and 0 are old"},
		"nobody who knows": {nil, "deployment shop/backend: after 200ms: GET /apis/apps/v1/namespaces/shop/deployments/backend: 503 Service Unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := rolledOut(t, test.says)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestKubeconfigThatCannotBeUsed(t *testing.T) {
	for text, want := range map[string]string{
		"clusters: [": "the kubeconfig is no YAML",
		"{}":          "the kubeconfig has 0 clusters and 0 users: one of each is needed",
		"{clusters: [{cluster: {server: x}}], users: [{user: {}}]}": "the kubeconfig's client certificate: ",
	} {
		_, err := openAPIServer(text)
		require.ErrorContains(t, err, want)
	}
}
