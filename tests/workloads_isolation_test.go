package tests

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/pulumitest"
	"ecommerce-platform/workloads"
)

const (
	workloadsPolicy  = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
	workloadsAccount = "kubernetes:core/v1:ServiceAccount"
	workloadsDeny    = "shop-default-deny"
)

// workloadsPeer says who the other end of a rule is.
func workloadsPeer(t *testing.T, peer map[string]any) string {
	t.Helper()
	if block, ok := peer["ipBlock"].(map[string]any); ok {
		if block["except"] == nil {
			return block["cidr"].(string)
		}
		return fmt.Sprintf("%s but %v", block["cidr"], block["except"])
	}
	found := peer["podSelector"].(map[string]any)["matchLabels"].(map[string]any)
	if namespace, ok := peer["namespaceSelector"].(map[string]any); ok {
		return fmt.Sprintf("%v in %v", found, namespace["matchLabels"])
	}
	require.Equal(t, workloadsPods(found["app.kubernetes.io/name"].(string)), found)
	return found["app.kubernetes.io/name"].(string)
}

// workloadsPods are the labels that select a tier's pods.
func workloadsPods(tier string) map[string]any {
	return map[string]any{"app.kubernetes.io/name": tier, "app.kubernetes.io/part-of": "ecommerce-platform"}
}

// workloadsFlows says each rule of a policy in words.
func workloadsFlows(t *testing.T, policy *pulumitest.Resource) []string {
	t.Helper()
	var sentences []string
	for _, direction := range []struct{ rules, peers, says string }{{"ingress", "from", "takes"}, {"egress", "to", "sends"}} {
		list, _ := policy.Input("spec." + direction.rules).([]any)
		for _, item := range list {
			rule := item.(map[string]any)
			require.ElementsMatch(t, []string{direction.peers, "ports"}, slices.Collect(maps.Keys(rule)), "a rule without one admits all")
			require.Len(t, rule["ports"], 1)
			require.Len(t, rule[direction.peers], 1)
			port := rule["ports"].([]any)[0].(map[string]any)
			peer := workloadsPeer(t, rule[direction.peers].([]any)[0].(map[string]any))
			sentences = append(sentences, fmt.Sprintf("%s %v %v %s %s", direction.says, port["protocol"], port["port"], direction.peers, peer))
		}
	}
	return sentences
}

func TestWorkloadsIsolation(t *testing.T) {
	rec := pulumitest.Run(t, workloadsProgram(workloadsArgs()))
	const dns = "map[k8s-app:kube-dns] in map[kubernetes.io/metadata.name:kube-system]"
	want := map[string][]string{
		"frontend": {"takes TCP http from 0.0.0.0/0 but [192.168.0.0/16]", "sends TCP http to backend", "sends UDP 53 to " + dns, "sends TCP 53 to " + dns},
		"backend": {
			"takes TCP http from frontend", "sends TCP postgresql to postgres", "sends TCP redis to redis", "sends UDP 53 to " + dns, "sends TCP 53 to " + dns,
		},
		"postgres": {"takes TCP postgresql from backend"},
		"redis":    {"takes TCP redis from backend"},
	}
	for tier, flows := range want {
		policy := rec.Get(t, workloadsPolicy, "shop-"+tier)
		t.Run(tier+"/takes and sends what the table names", func(t *testing.T) {
			assert.Equal(t, flows, workloadsFlows(t, policy))
		})
		t.Run(tier+"/selects its pods and drops the rest both ways", func(t *testing.T) {
			assert.Equal(t, map[string]any{"matchLabels": workloadsPods(tier)}, policy.Input("spec.podSelector"))
			assert.Equal(t, []any{"Ingress", "Egress"}, policy.Input("spec.policyTypes"))
			assert.Equal(t, "ecommerce", policy.Input("metadata.namespace"))
			assert.Equal(t, tier, policy.Input("metadata.name"))
		})
		t.Run(tier+"/says why of each row", func(t *testing.T) {
			reasons := strings.Split(policy.InputString(`metadata.annotations["kubernetes.io/description"]`), "; ")
			assert.Len(t, reasons, len(flows))
			for _, reason := range reasons {
				assert.Regexp(t, "^(from|to) [a-z]+: [A-Z].{5,}$", reason)
			}
		})
	}
	t.Run("ports are those that the pods at the other end have", func(t *testing.T) {
		for tier, port := range map[string]string{"frontend": "http", "backend": "http", "postgres": "postgresql", "redis": "redis"} {
			assert.Equal(t, port, rec.Get(t, workloadsDeployment, "shop-"+tier).Input(workloadsContainer+".ports[0].name"))
		}
	})
	t.Run("no row selects pods that no policy of a tier selects", func(t *testing.T) {
		assert.ElementsMatch(t, append(slices.Collect(maps.Keys(want)), "default-deny"), workloadsNames(rec, workloadsPolicy))
	})
	t.Run("pods of no tier reach nobody", func(t *testing.T) {
		deny := rec.Get(t, workloadsPolicy, workloadsDeny)
		assert.Equal(t, map[string]any{}, deny.Input("spec.podSelector"))
		assert.Equal(t, []any{"Ingress", "Egress"}, deny.Input("spec.policyTypes"))
		assert.Empty(t, workloadsFlows(t, deny))
	})
}

// workloadsNames are the names, without the component's, of what has a type.
func workloadsNames(rec *pulumitest.Recorder, typ string) []string {
	var names []string
	for _, name := range rec.Names(typ) {
		names = append(names, strings.TrimPrefix(name, "shop-"))
	}
	return names
}

// A cluster that serves must lose no request when policies come, nor a pod be without one.
func TestWorkloadsPoliciesComeAllowedFirst(t *testing.T) {
	rec := pulumitest.Run(t, workloadsProgram(workloadsArgs()))
	deny := rec.Get(t, workloadsPolicy, workloadsDeny)
	for _, tier := range workloadsTiers {
		policy := rec.Get(t, workloadsPolicy, "shop-"+tier)
		assert.True(t, deny.DependsOn(policy), "what the namespace drops by default waits for %s", tier)
		for _, pods := range workloadsTiers {
			deployment := rec.Get(t, workloadsDeployment, "shop-"+pods)
			assert.True(t, deployment.DependsOn(policy), "%s waits for the policy of %s", pods, tier)
			assert.False(t, rec.WaitsFor(deployment, deny), "%s waits for nothing that it does not need", pods)
		}
	}
}

func TestWorkloadsIsolationOpen(t *testing.T) {
	args := workloadsArgs()
	args.Isolation = "open"
	rec := pulumitest.Run(t, workloadsProgram(args))
	assert.Empty(t, rec.All(workloadsPolicy))
}

func TestWorkloadsEgress(t *testing.T) {
	args := workloadsArgs()
	args.Backend.Egress = []workloads.Destination{{Cidr: "203.0.113.10/32", Port: 5432}, {Cidr: "0.0.0.0/0", Port: 443}}
	args.Frontend.Egress = []workloads.Destination{{Cidr: "198.51.100.0/24", Port: 8443}}
	rec := pulumitest.Run(t, workloadsProgram(args))
	plain := pulumitest.Run(t, workloadsProgram(workloadsArgs()))
	for tier, more := range map[string][]string{
		"backend":  {"sends TCP 5432 to 203.0.113.10/32", "sends TCP 443 to 0.0.0.0/0"},
		"frontend": {"sends TCP 8443 to 198.51.100.0/24"},
		"postgres": nil, "redis": nil,
	} {
		want := append(workloadsFlows(t, plain.Get(t, workloadsPolicy, "shop-"+tier)), more...)
		assert.Equal(t, want, workloadsFlows(t, rec.Get(t, workloadsPolicy, "shop-"+tier)), tier)
	}
}

func TestWorkloadsClientsAreNoPods(t *testing.T) {
	args := workloadsArgs()
	args.PodCidr = "10.8.0.0/16"
	flows := workloadsFlows(t, pulumitest.Run(t, workloadsProgram(args)).Get(t, workloadsPolicy, "shop-frontend"))
	assert.Equal(t, "takes TCP http from 0.0.0.0/0 but [10.8.0.0/16]", flows[0])
}

func TestWorkloadsAccounts(t *testing.T) {
	rec := pulumitest.Run(t, workloadsProgram(workloadsArgs()))
	assert.ElementsMatch(t, workloadsTiers, workloadsNames(rec, workloadsAccount))
	for _, tier := range workloadsTiers {
		account, deployment := rec.Get(t, workloadsAccount, "shop-"+tier), rec.Get(t, workloadsDeployment, "shop-"+tier)
		assert.Equal(t, tier, account.Input("metadata.name"))
		assert.Equal(t, "ecommerce", account.Input("metadata.namespace"))
		assert.Equal(t, false, account.Input("automountServiceAccountToken"))
		assert.Equal(t, tier, deployment.Input("spec.template.spec.serviceAccountName"))
		assert.True(t, deployment.DependsOn(account), "the API server refuses pods of an account that is not there")
	}
}
