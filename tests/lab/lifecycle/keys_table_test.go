//go:build lab && lifecycle

package lifecycle

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/tests/lab/labtest"
	"ecommerce-platform/tests/lab/load"
)

const (
	otherPort = 30081
	// strangers is a block that nothing in the lab has.
	strangers = "203.0.113.0/24"
)

// keyChanges has a row for each key of Pulumi.yaml.
func keyChanges(t *testing.T) map[string]keyChange {
	t.Helper()
	settings, err := shop.Settings(t.Context())
	require.NoError(t, err)
	nodes, err := shop.Nodes()
	require.NoError(t, err)
	tainted := append([]any{}, nodes...)
	worker, ok := nodes[1].(map[string]any)
	require.True(t, ok)
	other := map[string]any{"taints": []any{map[string]any{"key": "example.com/slow", "effect": "PreferNoSchedule"}}}
	tainted[1] = over(worker, other)
	admins, ok := settings["adminCidrs"].([]any)
	require.True(t, ok)
	immutable := func(value any) keyChange {
		return keyChange{value: value, refused: "is immutable, and the platform was created with"}
	}
	shown := func(where string) keyChange { return keyChange{elsewhere: where} }

	return map[string]keyChange{
		"layers":  immutable([]any{"infra", "cluster"}),
		"vpcCidr": immutable(ofBits(t, settings["vpcCidr"], 19)),
		// A part of it leaves nodes outside, and more than it is more than the VPC.
		"subnetCidr":       {value: ofBits(t, settings["vpcCidr"], 21), refused: "outside subnetCidr"},
		"availabilityZone": immutable("eu-central-1b"),
		"podCidr":          immutable("10.8.0.0/16"),
		"serviceCidr":      immutable("10.112.0.0/12"),
		"namespace":        immutable("another"),

		"adminCidrs":  {value: append(append([]any{}, admins...), strangers), seen: admits("control-plane", strangers)},
		"clientCidrs": {value: []any{admins[0], "198.51.100.0/24"}, seen: admits("worker-node-1", "198.51.100.0/24")},
		"nodes":       {value: tainted, seen: testTaint},
		"kubelet":     {value: map[string]any{"maxPods": 77}, seen: testMaxPods},
		"kubeProxy":   {value: map[string]any{"metricsBindAddress": "0.0.0.0:10249"}, seen: testProxyMetrics},
		"ignorePreflightErrors": {value: []any{"SystemVerification", "Swap", "NumCPU"}, seen: inFile(
			"control-plane", "/opt/platform/etc/kubeadm.yaml", "- NumCPU")},
		"auditLog":           {value: map[string]any{"maxBackup": 7}, seen: inFile("control-plane", "/etc/kubernetes/manifests/kube-apiserver.yaml", "--audit-log-maxbackup=7")},
		"secretsKeyRotation": {value: "again", seen: testSecretsKey},
		// Nobody answers at that address: the API server goes on and takes nobody's word.
		"oidc":                {value: map[string]any{"issuerUrl": "https://login.example.com", "clientId": "platform"}, seen: inFile("control-plane", "/etc/kubernetes/manifests/kube-apiserver.yaml", "--oidc-issuer-url=https://login.example.com")},
		"access":              {value: map[string]any{"view": []any{"staff"}}, seen: testAccess},
		"protectControlPlane": {value: true, seen: testProtected("control-plane")},
		"protectDatabase":     {value: true, seen: testProtected("worker-node-2")},
		"nodePort":            {value: otherPort, seen: testNodePort},
		"isolation":           {value: "open", seen: testIsolation},
		"quota":               {value: "none", seen: testQuota},
		"ingressRules": {value: []any{map[string]any{
			"group": "worker", "referencedGroup": "control-plane", "ipProtocol": "tcp", "fromPort": 9443, "toPort": 9443, "description": "Webhook",
		}}, seen: admits("worker-node-1", "9443")},
		"frontend": {value: map[string]any{"replicas": 5}, seen: replicas("frontend", 5)},
		"backend":  {value: map[string]any{"replicas": 2}, seen: replicas("backend", 2)},
		"redis":    {value: map[string]any{"settings": map[string]any{"maxmemory": "100mb"}}, seen: testMaxmemory},
		"postgres": {value: map[string]any{"requests": map[string]any{"cpu": "400m"}}, seen: testPostgresRequest},

		"infraStack":         shown("the engine's tests: one stack a layer"),
		"clusterStack":       shown("the engine's tests: one stack a layer"),
		"amiOwner":           shown("the twin's tests: a new image is for new machines"),
		"amiName":            shown("the twin's tests: a new image is for new machines"),
		"backup":             shown("backup and restore"),
		"backupPassword":     shown("the backup password rotates"),
		"loginKeys":          shown("login keys rotate"),
		"backupKey":          shown("tests on mocks, and node scripts on stubs"),
		"certificateRenewal": shown("certificates"),
		"kubeconfigs":        shown("e2e: kubeconfigs of roles; tests on mocks"),
		"kubernetesVersion":  shown("TestUpgrade"),
		"osUpdate":           shown("machines change in turn"),
		"registries":         shown("tests on mocks, and node scripts on stubs"),
		"registryPasswords":  shown("tests on mocks, and node scripts on stubs"),
		"secretEnv":          shown("tests on mocks"),
		"instanceType":       shown("machines change in turn"),
		"rootVolumeGiB":      shown("node scripts on stubs: the lab's machines have no disks of their own"),
		"kmsKeyId":           shown("tests on mocks: the lab's machines have no disks of their own"),
		"detailedMonitoring": shown("tests on mocks: the lab has no CloudWatch"),
		"cpuCredits":         shown("tests on mocks: the lab's machines have no credits"),
		"keySeed":            shown("tests on mocks: it is immutable, and a secret that this table could not set back"),
		"databasePassword":   shown("tests on mocks"),
		// What the lab cannot show.
		"calicoVersion":         shown("one version of Calico is to be had here"),
		"calicoManifestSha256":  shown("one version of Calico is to be had here"),
		"containerdVersion":     shown("TestUpgrade"),
		"containerd":            shown("a host that lacks CAP_SYS_RESOURCE has no other value that works"),
		"mirrors":               shown("one mirror is to be had here"),
		"nodeExporterImage":     shown("one version of the agent is to be had here"),
		"metricsServer":         shown("e2e: autoscale"),
		"metricsServerImage":    shown("one version of it is to be had here"),
		"monitoring":            shown("e2e: monitoring"),
		"victoriaMetricsImage":  shown("one version of it is to be had here"),
		"vmalertImage":          shown("one version of it is to be had here"),
		"victoriaLogsImage":     shown("one version of it is to be had here"),
		"vlagentImage":          shown("one version of it is to be had here"),
		"alertmanagerImage":     shown("one version of it is to be had here"),
		"alerting":              shown("tests on mocks, and e2e: monitoring"),
		"kubeStateMetricsImage": shown("one version of it is to be had here"),
	}
}

// ofBits is the lab's block with another length.
func ofBits(t *testing.T, block any, bits int) string {
	t.Helper()
	text, ok := strings.CutSuffix(fmt.Sprint(block), "/20")
	require.True(t, ok, block)
	return fmt.Sprint(text, "/", bits)
}

// admits looks for a block in the firewall that carries a machine's security groups.
func admits(node, block string) func(*testing.T, bool) {
	return func(t *testing.T, changed bool) {
		rules := onMachine(t, node, "nft list ruleset")
		assert.Equal(t, changed, strings.Contains(rules, block), "%s in the rules of %s", block, node)
	}
}

func inFile(node, path, line string) func(*testing.T, bool) {
	return func(t *testing.T, changed bool) {
		assert.Equal(t, changed, strings.Contains(onMachine(t, node, "cat "+path), line), "%s in %s of %s", line, path, node)
	}
}

// testSecretsKey reads with which key etcd holds Secrets, and that it can be read without another one.
func testSecretsKey(t *testing.T, changed bool) {
	keys := map[string]bool{}
	for path, value := range shop.Stored(t, "/registry/secrets/") {
		name, _, encrypted := strings.Cut(strings.TrimPrefix(string(value), "k8s:enc:secretbox:v1:"), ":")
		require.True(t, encrypted && strings.HasPrefix(name, "key-"), path)
		keys[name] = true
	}
	require.Len(t, keys, 1, "every Secret has the same key")
	for name := range keys {
		assert.Equal(t, changed, name == keyOfSecrets("again"), name)
	}
	assert.Equal(t, "1\n", onMachine(t, "control-plane", "grep -c secret: /etc/kubernetes/pki/secrets-encryption.yaml"), "the key of before is gone")
	shop.Kubectl(t, "get", "secrets", "--all-namespaces", "--output", "json")
}

// keyOfSecrets is the name of the key that a text of secretsKeyRotation asks for.
func keyOfSecrets(text string) string {
	return fmt.Sprintf("key-%.5x", sha256.Sum256([]byte(text+"\n")))
}

func testAccess(t *testing.T, changed bool) {
	binding := shop.Kubectl(t, "get", "clusterrolebinding", "platform:view", "-o", "jsonpath={.subjects[*].name}")
	assert.Equal(t, changed, strings.Contains(binding, "oidc:staff"), binding)
}

func testTaint(t *testing.T, changed bool) {
	keys := []string{}
	for _, taint := range labtest.Get[corev1.Node](t, shop, "node", "worker-node-1").Spec.Taints {
		keys = append(keys, taint.Key)
	}
	want := []string{}
	if changed {
		want = append(want, "example.com/slow")
		// A node that was closed in between: its list of taints has had another author then.
		shop.Kubectl(t, "cordon", "worker-node-1")
		shop.Kubectl(t, "uncordon", "worker-node-1")
	}
	assert.Equal(t, want, keys)
	assert.Equal(t, "node-role.kubernetes.io/control-plane", labtest.Get[corev1.Node](t, shop, "node", "control-plane").Spec.Taints[0].Key)
}

func testMaxPods(t *testing.T, changed bool) {
	for _, name := range shop.NodeNames() {
		labtest.Eventually(t, time.Minute, func() error {
			node, err := look[corev1.Node](t.Context(), "node", name)
			if is := node.Status.Capacity.Pods().Value(); err == nil && (is == 77) != changed {
				err = fmt.Errorf("%s has room for %d pods", name, is)
			}
			return err
		})
	}
}

// testProxyMetrics asks kube-proxy from another node, which its default address does not admit.
func testProxyMetrics(t *testing.T, changed bool) {
	_, err := shop.OnMachine(t.Context(), "worker-node-1", "sh", "-c",
		"curl --silent --fail --max-time 3 --output /dev/null http://"+shop.Addresses["worker-node-1"]+":10249/metrics")
	assert.Equal(t, changed, err == nil, "metrics of kube-proxy on its node's address: %v", err)
}

func testProtected(node string) func(*testing.T, bool) {
	return func(t *testing.T, changed bool) {
		state, err := shop.Stack.Export(t.Context())
		require.NoError(t, err)
		for _, r := range state.Resources {
			if r.URN.Type() == "aws:ec2/instance:Instance" && r.URN.Name() == node {
				assert.Equal(t, changed, r.Protect)
				return
			}
		}
		t.Errorf("the state has no machine %s", node)
	}
}

func testNodePort(t *testing.T, changed bool) {
	labtest.Eventually(t, time.Minute, func() error {
		_, err := load.Measure(t.Context(), load.Options{URL: fmt.Sprint(shop.Outputs["frontendUrl"])}, load.Bounds{Clients: 1, Requests: 3})
		return err
	})
	assert.Equal(t, changed, strings.HasSuffix(fmt.Sprint(shop.Outputs["frontendUrl"]), fmt.Sprint(otherPort)))
}

func testQuota(t *testing.T, changed bool) {
	assert.Equal(t, changed, shop.Kubectl(t, "get", "resourcequotas,limitranges", "-n", "ecommerce", "-o", "name") == "")
}

func testIsolation(t *testing.T, changed bool) {
	assert.Equal(t, changed, shop.Kubectl(t, "get", "networkpolicies", "-n", "ecommerce", "-o", "name") == "")
	redis, frontend := podsOf(t, "redis")[0].Status.PodIP, podsOf(t, "frontend")[0].Name
	_, err := shop.TryKubectl(t.Context(), "exec", "-n", "ecommerce", frontend, "--", "curl", "--silent", "--max-time", "3", "http://"+redis+":6379")
	// A cache that is reached answers at once, in a language that curl does not know. 28 is how curl ends when nobody answers.
	require.Error(t, err)
	assert.Equal(t, changed, !strings.Contains(err.Error(), "exit code 28"), "a frontend reaches a cache: %v", err)
}

func replicas(tier string, count int) func(*testing.T, bool) {
	return func(t *testing.T, changed bool) {
		assert.Equal(t, changed, len(podsOf(t, tier)) == count, "%d pods of %s", len(podsOf(t, tier)), tier)
	}
}

func testMaxmemory(t *testing.T, changed bool) {
	// An update does not wait for the last pod of a tier that serves clients meanwhile.
	shop.Kubectl(t, "rollout", "status", "-n", "ecommerce", "deployment/redis", "--timeout=90s")
	for _, pod := range podsOf(t, "redis") {
		answer := shop.Kubectl(t, "exec", "-n", "ecommerce", pod.Name, "--", "redis-cli", "config", "get", "maxmemory")
		assert.Equal(t, changed, strings.Contains(answer, "104857600"), "%s: %s", pod.Name, answer)
	}
}

func testPostgresRequest(t *testing.T, changed bool) {
	deployment := labtest.Get[appsv1.Deployment](t, shop, "deployment", "-n", "ecommerce", "postgres")
	request := deployment.Spec.Template.Spec.Containers[0].Resources.Requests.Cpu().String()
	assert.Equal(t, changed, request == "400m", request)
	assert.Equal(t, "1", query(t, "select 1"))
}
