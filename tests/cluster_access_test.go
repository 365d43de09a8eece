package tests

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"ecommerce-platform/cluster"
	"ecommerce-platform/tests/pulumitest"
)

const (
	clusterRole    = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
	clusterBinding = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding"
)

func TestClusterKubeconfigsOfRoles(t *testing.T) {
	args := clusterArgs()
	args.Kubeconfigs = cluster.Kubeconfigs{LifetimeHours: 48, Renewal: "2027-01"}
	rec := clusterRun(t, args, pulumitest.Outputs(clusterCommand, func(r *pulumitest.Resource) map[string]any {
		if _, role, ok := strings.Cut(r.Name, "-kubeconfig-"); ok {
			return map[string]any{"stdout": clusterKubeconfig(t, role)}
		}
		return nil
	}))
	for _, role := range []string{"admin", "edit", "view"} {
		step := rec.Get(t, clusterCommand, "shop-control-plane-kubeconfig-"+role)
		assert.Equal(t, "sudo timeout --kill-after=10 300 env ROLE='"+role+"' ADDRESS='203.0.113.119' LIFETIME='172800' RENEWAL='2027-01' DIGEST /opt/platform/bin/role-kubeconfig.sh",
			clusterLine(step))
		assert.Equal(t, "none", step.Input("logging"))
		assert.Subset(t, step.AdditionalSecretOutputs, []string{"stdout", "stderr"})
		assert.Contains(t, rec.All(cluster.Type)[0].Output("kubeconfigs."+role), "the key of "+role)
	}
	assert.Empty(t, rec.FindPlain("the key of"), "a kubeconfig is in plain sight")
	assert.Equal(t, []any{
		map[string]any{"role": "admin", "issued": "2027-01-01T00:00:00Z", "expires": "2027-01-03T00:00:00Z"},
		map[string]any{"role": "edit", "issued": "2027-01-01T00:00:00Z", "expires": "2027-01-03T00:00:00Z"},
		map[string]any{"role": "view", "issued": "2027-01-01T00:00:00Z", "expires": "2027-01-03T00:00:00Z"},
	}, rec.All(cluster.Type)[0].Output("kubeconfigTimes"), "in plain, for the policy that warns of an end")

	t.Run("another text or another time makes them anew, and does nothing else", func(t *testing.T) {
		made := []string{"shop-control-plane-kubeconfig-admin", "shop-control-plane-kubeconfig-edit", "shop-control-plane-kubeconfig-view"}
		assert.Equal(t, made, clusterChanged(t, func(args *cluster.Args) { args.Kubeconfigs.Renewal = "again" }))
		assert.Equal(t, made, clusterChanged(t, func(args *cluster.Args) { args.Kubeconfigs.LifetimeHours = 1 }))
	})
}

// clusterKubeconfig is what role-kubeconfig.sh prints, with a certificate of its own.
func clusterKubeconfig(t *testing.T, role string) string {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	begin := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	certificate := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: begin, NotAfter: begin.Add(48 * time.Hour)}
	der, err := x509.CreateCertificate(nil, certificate, certificate, public, private)
	require.NoError(t, err)
	kubeconfig, err := yaml.Marshal(map[string]any{"kind": "Config", "users": []any{map[string]any{"user": map[string]any{
		"client-certificate-data": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), "client-key-data": "the key of " + role,
	}}}})
	require.NoError(t, err)
	return string(kubeconfig)
}

func TestClusterTellsNothingOfAKubeconfigThatIsNone(t *testing.T) {
	for _, text := range []string{"users: [{user: {client-key-data: hush}}]", "hush: [", "users: [{user: {client-certificate-data: aHVzaA==}}]"} {
		_, err := pulumitest.RunErr(t, clusterProgram(clusterArgs()), clusterOutputs, pulumitest.Outputs(clusterCommand, func(r *pulumitest.Resource) map[string]any {
			if strings.HasSuffix(r.Name, "-kubeconfig-view") {
				return map[string]any{"stdout": text}
			}
			return nil
		}))
		require.ErrorContains(t, err, "kubeconfig of role view: ")
		assert.NotContains(t, err.Error(), "hush")
	}
}

func TestClusterGrantsRoles(t *testing.T) {
	args := clusterArgs()
	args.OIDC = clusterIssuer()
	args.Access = cluster.Access{Admin: []string{"sre"}, View: []string{"everybody", "auditors"}}
	rec := clusterRun(t, args)
	granted := map[string][]string{}
	for _, binding := range rec.All(clusterBinding) {
		for _, item := range binding.Input("subjects").([]any) {
			subject := item.(map[string]any)
			assert.Equal(t, "Group", subject["kind"])
			role := binding.InputString("roleRef.name")
			granted[role] = append(granted[role], subject["name"].(string))
		}
	}
	assert.Equal(t, map[string][]string{
		"cluster-admin":  {"platform:admin", "oidc:sre"},
		"edit":           {"platform:edit"},
		"view":           {"platform:view", "oidc:everybody", "oidc:auditors"},
		"platform:nodes": {"platform:edit", "platform:view", "oidc:everybody", "oidc:auditors"},
	}, granted, "the issuer's groups have a prefix, so that none is taken for one of the cluster's own")
	for _, role := range rec.All(clusterRole) {
		assert.Equal(t, []any{map[string]any{"apiGroups": []any{""}, "resources": []any{"nodes"}, "verbs": []any{"get", "list", "watch"}}}, role.Input("rules"),
			"the program grants no right to read Secrets")
	}
}

// clusterIssuer is an issuer of tokens.
func clusterIssuer() cluster.OIDC {
	return cluster.OIDC{IssuerURL: "https://login.example.com", ClientID: "platform", UsernameClaim: "email", GroupsClaim: "groups"}
}

func TestClusterTakesTheWordOfAnIssuer(t *testing.T) {
	args := clusterArgs()
	without, _ := clusterAPIServer(t, args)
	args.OIDC = clusterIssuer()
	flags, _ := clusterAPIServer(t, args)
	for name, value := range map[string]string{
		"oidc-issuer-url": "https://login.example.com", "oidc-client-id": "platform", "oidc-username-claim": "email", "oidc-username-prefix": "oidc:",
		"oidc-groups-claim": "groups", "oidc-groups-prefix": "oidc:",
	} {
		assert.Equal(t, value, flags[name], name)
		assert.NotContains(t, without, name)
	}
}

func TestClusterRefusesAccess(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*cluster.Args)
		want  []string
	}{
		"kubeconfigs for no time":  {func(a *cluster.Args) { a.Kubeconfigs.LifetimeHours = 0 }, []string{`kubeconfigs.lifetimeHours 0: must be between 1 and 8760, a year`}},
		"kubeconfigs for too long": {func(a *cluster.Args) { a.Kubeconfigs.LifetimeHours = 8761 }, []string{`kubeconfigs.lifetimeHours 8761: must be between 1 and 8760, a year`}},
		"a renewal that could run a shell": {func(a *cluster.Args) { a.Kubeconfigs.Renewal = "$(id)" },
			[]string{`kubeconfigs.renewal "$(id)": must be at most 63 letters, digits, dots, dashes and underscores, such as a date`}},

		"an issuer in plain": {func(a *cluster.Args) { a.OIDC.IssuerURL = "http://login.example.com" },
			[]string{`oidc.issuerUrl "http://login.example.com": not an https URL such as https://login.example.com`}},
		"an issuer with a question": {func(a *cluster.Args) { a.OIDC.IssuerURL = "https://login.example.com?realm=shop" },
			[]string{`oidc.issuerUrl "https://login.example.com?realm=shop": not an https URL such as https://login.example.com`}},
		"an issuer for nobody": {func(a *cluster.Args) { a.OIDC.ClientID = "" }, []string{`oidc.clientId <unset>: required, because oidc.issuerUrl is set`}},
		"users without names":  {func(a *cluster.Args) { a.OIDC.UsernameClaim = "" }, []string{`oidc.usernameClaim <unset>: required, because oidc.issuerUrl is set`}},
		"a claim with a line":  {func(a *cluster.Args) { a.OIDC.GroupsClaim = "groups\n" }, []string{`oidc.groupsClaim "groups\n": must be on one line`}},
		"a client of no issuer": {func(a *cluster.Args) { a.OIDC.IssuerURL, a.Access = "", cluster.Access{} },
			[]string{`oidc.clientId "platform": has no use without oidc.issuerUrl`}},

		"a group of no issuer": {func(a *cluster.Args) { a.OIDC = cluster.OIDC{} },
			[]string{`access.view[0] "staff": needs oidc.issuerUrl, since nobody else puts users into groups`}},
		"a group without a name": {func(a *cluster.Args) { a.Access.Admin = []string{" "} }, []string{`access.admin[0] " ": must be the name of a group, on one line`}},
		"a group twice":          {func(a *cluster.Args) { a.Access.View = []string{"staff", "staff"} }, []string{`access.view[1] "staff": duplicate of access.view[0]`}},
	} {
		t.Run(name, func(t *testing.T) {
			args := clusterArgs()
			args.OIDC, args.Access = clusterIssuer(), cluster.Access{View: []string{"staff"}}
			require.Empty(t, args.Validate())
			c.spoil(args)
			var got []string
			for _, err := range args.Validate() {
				got = append(got, err.Error())
			}
			assert.Equal(t, c.want, got)
		})
	}
}
