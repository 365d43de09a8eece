package engine_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/controlplane/controlplanetest"
	"ecommerce-platform/tests/lab/engine"
)

// testAway asks for all that may be asked of a stack while the API server does not answer. None of it forgets anything.
func testAway(t *testing.T, p *platform, stack *engine.Stack, cluster *controlplanetest.Cluster) {
	cluster.Die()
	requireKept(t, stack, func() error {
		_, err := stack.Refresh(t.Context())
		return err
	})
	p.configure(stack, map[string]any{"redis": map[string]any{"settings": map[string]any{"maxmemory": "100mb"}}})
	requireKept(t, stack, func() error {
		_, err := stack.Up(t.Context())
		return err
	})
	requireKept(t, stack, func() error {
		_, err := stack.Up(t.Context(), "--refresh")
		return err
	})
	p.configure(stack, nil)
	cluster.Rise()
	again, err := stack.Up(t.Context(), "--expect-no-changes")
	require.NoError(t, err)
	assert.Empty(t, again.Describe())
}

// requireKept says that an operation fails, for want of an answer, and takes no object of Kubernetes out of the state.
func requireKept(t *testing.T, stack *engine.Stack, operation func() error) {
	t.Helper()
	before := objects(t, stack)
	require.Greater(t, len(before), 20)
	err := operation()
	require.ErrorContains(t, err, "unreachable")
	assert.ElementsMatch(t, before, objects(t, stack))
}

// objects are the URNs of Kubernetes' objects in the state.
func objects(t *testing.T, stack *engine.Stack) []string {
	t.Helper()
	state, err := stack.Export(t.Context())
	require.NoError(t, err)
	var found []string
	for _, r := range state.Resources {
		if strings.HasPrefix(string(r.URN.Type()), "kubernetes:") {
			found = append(found, string(r.URN))
		}
	}
	return found
}

// documentedProvider is the URN that the recipe names where a cluster is given up, for this stack.
func documentedProvider(t *testing.T, stack string) string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/operations.md")
	require.NoError(t, err)
	urn := regexp.MustCompile(`state delete [^']*'(urn:[^']+)'`).FindSubmatch(text)
	require.NotNil(t, urn, "the recipe names the provider")
	return strings.ReplaceAll(string(urn[1]), "prod-workloads", stack)
}

// testTakenBack changes objects as people do with kubectl, and as other programs do. An update that touches them takes back what
// the program declares, and leaves the rest; only what kubectl itself owns the provider takes over as a whole.
func testTakenBack(t *testing.T, p *platform, stack *engine.Stack, cluster *controlplanetest.Cluster) {
	backend := func(path string) string {
		return cluster.Kubectl("", "-n", "ecommerce", "get", "deployment", "backend", "-o", "jsonpath={"+path+"}")
	}
	cluster.Kubectl("", "-n", "ecommerce", "scale", "deployment/backend", "--replicas", "1")
	cluster.Kubectl("", "-n", "ecommerce", "set", "resources", "deployment/backend", "--requests", "memory=64Mi", "--limits", "memory=2Gi", "--field-manager", "tuner")
	cluster.Kubectl("", "-n", "ecommerce", "annotate", "deployment/backend", "example.com/owner=somebody", "--field-manager", "tuner")
	cluster.Kubectl("", "label", "--overwrite", "node/worker-node-1", "tier=elsewhere", "example.com/rack=7")

	p.configure(stack, map[string]any{"backend": map[string]any{"requests": map[string]any{"cpu": "210m"}}})
	_, err := stack.Up(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "3", backend(".spec.replicas"))
	assert.Equal(t, "256Mi", backend(".spec.template.spec.containers[0].resources.requests.memory"))
	assert.Equal(t, "2Gi", backend(".spec.template.spec.containers[0].resources.limits.memory"), "nothing is declared of it")
	assert.Equal(t, "somebody", backend(`.metadata.annotations.example\.com/owner`))

	p.configure(stack, nil)
	_, err = stack.Up(t.Context(), "--refresh")
	require.NoError(t, err)
	labels := cluster.Kubectl("", "get", "node", "worker-node-1", "-o", `jsonpath={.metadata.labels.tier} {.metadata.labels.example\.com/rack}`)
	assert.Equal(t, "frontend 7", labels)
	_, err = stack.Up(t.Context(), "--expect-no-changes")
	require.NoError(t, err)
}
