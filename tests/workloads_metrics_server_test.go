package tests

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/infra/boundary"
	"ecommerce-platform/tests/pulumitest"
)

const (
	workloadsAPIService = "kubernetes:apiregistration.k8s.io/v1:APIService"
	workloadsRole       = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
	workloadsMetrics    = "shop-metrics-server-"
)

func TestWorkloadsMetricsServer(t *testing.T) {
	for _, r := range pulumitest.Run(t, workloadsProgram(workloadsArgs())).All() {
		assert.NotContains(t, r.Name, "metrics-server", "off by default")
	}
	rec := pulumitest.Run(t, workloadsProgram(workloadsMeasured()))
	deployment := rec.Get(t, workloadsDeployment, workloadsMetrics+"deployment")
	service := rec.Get(t, workloadsService, workloadsMetrics+"service")
	api := rec.Get(t, workloadsAPIService, workloadsMetrics+"api")
	pod := func(path string) any { return deployment.Input("spec.template.spec." + path) }
	container := func(path string) any { return deployment.Input(workloadsContainer + "." + path) }

	t.Run("it knows kubelets, and the API server knows it, by the cluster's authority", func(t *testing.T) {
		arguments := container("args").([]any)
		assert.Contains(t, arguments, "--kubelet-certificate-authority=/var/run/secrets/kubernetes.io/serviceaccount/ca.crt")
		assert.Contains(t, arguments, "--tls-cert-file=/etc/metrics-server/serving/tls.crt")
		assert.Contains(t, arguments, "--kubelet-preferred-address-types=InternalIP", "which a kubelet's certificate names")
		for _, argument := range arguments {
			assert.NotContains(t, argument, "insecure")
		}
		assert.Equal(t, "Y2E=", api.Input("spec.caBundle"))
		assert.False(t, api.Has("spec.insecureSkipTLSVerify"))
		assert.False(t, api.IsSecret("spec.caBundle"), "it is public")
		assert.Equal(t, "metrics-server-serving", pod("volumes[0].secret.secretName"))
		assert.Empty(t, rec.FindPlain("a-private-key"))
	})
	t.Run("pods meet the restricted standard", func(t *testing.T) {
		assert.Equal(t, true, pod("securityContext.runAsNonRoot"))
		assert.Equal(t, "RuntimeDefault", pod("securityContext.seccompProfile.type"))
		assert.Equal(t, false, container("securityContext.allowPrivilegeEscalation"))
		assert.Equal(t, []any{"ALL"}, container("securityContext.capabilities.drop"))
		assert.Equal(t, true, container("securityContext.readOnlyRootFilesystem"))
		assert.Nil(t, pod("hostNetwork"))
	})
	t.Run("the API server reaches it by the Service, on the port that the firewall has a row for", func(t *testing.T) {
		assert.Equal(t, map[string]any{"name": service.Input("metadata.name"), "namespace": service.Input("metadata.namespace")}, api.Input("spec.service"))
		assert.Equal(t, container("ports[0].name"), service.Input("spec.ports[0].targetPort"))
		assert.Equal(t, 4443.0, container("ports[0].containerPort"))
		assert.Contains(t, container("args"), "--secure-port=4443")
		assert.True(t, rec.WaitsFor(api, deployment), "which is ready once it has metrics")
		assert.True(t, rec.WaitsFor(api, service), "and is taken away after it: a group that nobody answers for holds up what is deleted")
	})
	t.Run("nobody else does, and it reaches nobody else", func(t *testing.T) {
		policy := rec.Get(t, workloadsPolicy, workloadsMetrics+"policy")
		assert.Equal(t, deployment.Input("spec.selector"), policy.Input("spec.podSelector"))
		assert.Equal(t, []any{"Ingress", "Egress"}, policy.Input("spec.policyTypes"))
		nodes := []any{map[string]any{"ipBlock": map[string]any{"cidr": "0.0.0.0/0", "except": []any{"192.168.0.0/16"}}}}
		port := func(port any) map[string]any { return map[string]any{"protocol": "TCP", "port": port} }
		assert.Equal(t, []any{map[string]any{"from": nodes, "ports": []any{port("https")}}}, policy.Input("spec.ingress"))
		assert.Equal(t, []any{map[string]any{"to": nodes, "ports": []any{port(6443.0), port(10250.0)}}}, policy.Input("spec.egress"))
		assert.True(t, rec.WaitsFor(deployment, policy))
	})
	t.Run("it may read what it measures, and not a Secret", func(t *testing.T) {
		for _, role := range rec.All(workloadsRole) {
			for _, item := range role.Input("rules").([]any) {
				rule := item.(map[string]any)
				assert.Subset(t, []any{"pods", "nodes", "nodes/metrics"}, rule["resources"])
				assert.Subset(t, []any{"get", "list", "watch"}, rule["verbs"])
			}
		}
		for _, binding := range rec.All("kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding", "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding") {
			assert.Equal(t, []any{map[string]any{"kind": "ServiceAccount", "name": "metrics-server", "namespace": "kube-system"}}, binding.Input("subjects"))
		}
	})
	t.Run("a token comes in a volume of its own, and goes", func(t *testing.T) {
		assert.Equal(t, false, pod("automountServiceAccountToken"))
		assert.Equal(t, 3600.0, pod("volumes[1].projected.sources[0].serviceAccountToken.expirationSeconds"))
	})
	t.Run("a drain may take its pod", func(t *testing.T) {
		budget := rec.Get(t, workloadsBudget, workloadsMetrics+"budget")
		assert.Equal(t, deployment.Input("spec.selector"), budget.Input("spec.selector"))
		assert.Equal(t, 1.0, budget.Input("spec.maxUnavailable"))
	})
}

func TestWorkloadsMetricsServerRunsOnAnyWorker(t *testing.T) {
	args := workloadsMeasured()
	args.Nodes[0].Taints = []boundary.Taint{{Key: "tier", Value: "frontend", Effect: "NoSchedule"}}
	args.Nodes[1].Taints = []boundary.Taint{{Key: "tier", Value: "backend", Effect: "NoSchedule"}, {Key: "gone", Effect: "PreferNoSchedule"}}
	first := pulumitest.Run(t, workloadsProgram(args)).Get(t, workloadsDeployment, workloadsMetrics+"deployment")
	const path = "spec.template.spec.tolerations"
	assert.Equal(t, []any{
		map[string]any{"key": "gone", "operator": "Exists", "effect": "PreferNoSchedule"},
		map[string]any{"key": "tier", "operator": "Equal", "value": "backend", "effect": "NoSchedule"},
		map[string]any{"key": "tier", "operator": "Equal", "value": "frontend", "effect": "NoSchedule"},
	}, first.Input(path))
	args.Nodes[0], args.Nodes[1] = args.Nodes[1], args.Nodes[0]
	assert.Equal(t, first.Input(path), pulumitest.Run(t, workloadsProgram(args)).Get(t, workloadsDeployment, workloadsMetrics+"deployment").Input(path))
}

func TestWorkloadsMetricsServerNeedsTheClustersAuthority(t *testing.T) {
	for kubeconfig, want := range map[string]string{
		"clusters: [\ta-private-key":           "the kubeconfig is no YAML",
		"clusters: []\nusers: [a-private-key]": "the kubeconfig does not hold the certificate of one cluster's authority",
	} {
		args := workloadsMeasured()
		args.Kubeconfig = pulumi.String(kubeconfig)
		_, err := pulumitest.RunErr(t, workloadsProgram(args))
		require.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "a-private-key", "an error must not show the kubeconfig")
	}
}
