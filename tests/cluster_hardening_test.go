package tests

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"ecommerce-platform/cluster"
	"ecommerce-platform/tests/pulumitest"
)

// clusterAPIServer is how kubeadm is told to run the API server, by flag, and the audit policies on the control plane by path.
func clusterAPIServer(t *testing.T, args *cluster.Args) (flags map[string]string, policies map[string]string) {
	t.Helper()
	files := clusterUpload(t, clusterRun(t, args).Get(t, clusterCommand, "shop-control-plane-files"))
	flags, policies = map[string]string{}, map[string]string{}
	for _, document := range strings.Split(files["etc/kubeadm.yaml"], "---\n") {
		var configuration struct {
			APIServer struct {
				ExtraArgs []struct{ Name, Value string }
			}
		}
		require.NoError(t, yaml.Unmarshal([]byte(document), &configuration))
		for _, argument := range configuration.APIServer.ExtraArgs {
			flags[argument.Name] = argument.Value
		}
	}
	for path, content := range files {
		if name, found := strings.CutPrefix(path, "etc/audit/"); found {
			policies["/etc/kubernetes/audit/"+name] = content
		}
	}
	return flags, policies
}

func TestClusterWritesAnAuditLog(t *testing.T) {
	args := clusterArgs()
	flags, policies := clusterAPIServer(t, args)
	require.Contains(t, policies, flags["audit-policy-file"], "the API server reads the policy that is uploaded")
	pulumitest.Golden(t, "cluster/audit-policy.yaml", policies[flags["audit-policy-file"]])
	assert.Equal(t, "30", flags["audit-log-maxage"])
	assert.Equal(t, "10", flags["audit-log-maxbackup"])
	assert.Equal(t, "100", flags["audit-log-maxsize"])

	args.AuditLog.Level = "RequestResponse"
	fuller, others := clusterAPIServer(t, args)
	assert.NotEqual(t, flags["audit-policy-file"], fuller["audit-policy-file"], "the API server reads a policy when it starts only")
	assert.Contains(t, others[fuller["audit-policy-file"]], "level: RequestResponse")

	args.AuditLog.Level = "None"
	none, without := clusterAPIServer(t, args)
	assert.Empty(t, without)
	assert.NotContains(t, none, "audit-log-path")
}

func TestClusterEncryptsSecrets(t *testing.T) {
	args := clusterArgs()
	flags, _ := clusterAPIServer(t, args)
	assert.Equal(t, "/etc/kubernetes/pki/secrets-encryption.yaml", flags["encryption-provider-config"])
	assert.Equal(t, "true", flags["encryption-provider-config-automatic-reload"])
	assert.NotContains(t, clusterLine(clusterRun(t, args).Get(t, clusterCommand, "shop-control-plane-init")), "SECRETS_KEY_ROTATION")

	args.SecretsKeyRotation = "2027-10"
	rec := clusterRun(t, args)
	assert.Contains(t, clusterLine(rec.Get(t, clusterCommand, "shop-control-plane-init")), "SECRETS_KEY_ROTATION='2027-10'")
	assert.NotContains(t, clusterLine(rec.Get(t, clusterCommand, "shop-worker-node-1-join")), "2027-10")
}
