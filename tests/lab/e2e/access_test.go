//go:build lab

package e2e

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// roleOutputs are the outputs with the roles' kubeconfigs.
var roleOutputs = map[string]string{"admin": "kubeconfigAdmin", "edit": "kubeconfigEdit", "view": "kubeconfigView"}

// kubeconfigUser is what a kubeconfig proves its user with.
type kubeconfigUser struct {
	Certificate []byte `json:"client-certificate-data"`
	Key         []byte `json:"client-key-data"`
}

func userOf(t *testing.T, output string) kubeconfigUser {
	t.Helper()
	var kubeconfig struct {
		Users []struct{ User kubeconfigUser }
	}
	text, _ := shop.Outputs[output].(string)
	require.NoError(t, yaml.Unmarshal([]byte(text), &kubeconfig))
	require.Len(t, kubeconfig.Users, 1, output)
	return kubeconfig.Users[0].User
}

// TestKubeconfigsOfRoles asks the API server, in the name of each role, what it may.
func TestKubeconfigsOfRoles(t *testing.T) {
	for role, may := range map[string]map[string]bool{
		"admin": {"* *": true},
		"edit": {
			"create deployments.apps": true, "get secrets": true, "list nodes": true,
			"delete nodes": false, "create clusterroles.rbac.authorization.k8s.io": false, "create rolebindings.rbac.authorization.k8s.io": false,
		},
		"view": {
			"list pods": true, "list nodes": true, "list deployments.apps": true,
			"get secrets": false, "list secrets": false, "create pods": false, "create pods/exec": false, "delete nodes": false, "* *": false,
		},
	} {
		file := filepath.Join(t.TempDir(), "kubeconfig")
		text, _ := shop.Outputs[roleOutputs[role]].(string)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		for what, want := range may {
			t.Run(role+" may "+what, func(t *testing.T) {
				verb, resource, _ := strings.Cut(what, " ")
				// The last of two kubeconfigs counts. It exits with 1 where the answer is no.
				answer, err := shop.TryKubectl(t.Context(), "auth", "can-i", verb, resource, "--all-namespaces", "--kubeconfig", file)
				if want {
					require.NoError(t, err)
					assert.Equal(t, "yes\n", answer)
					return
				}
				require.ErrorContains(t, err, "no")
			})
		}
		t.Run(role+" is who the certificate says, for a month", func(t *testing.T) {
			block, _ := pem.Decode(userOf(t, roleOutputs[role]).Certificate)
			require.NotNil(t, block)
			certificate, err := x509.ParseCertificate(block.Bytes)
			require.NoError(t, err)
			assert.Equal(t, []string{"platform:" + role}, certificate.Subject.Organization)
			assert.WithinDuration(t, certificate.NotBefore.Add(720*time.Hour), certificate.NotAfter, time.Hour)
		})
	}
}
