package engine_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/controlplane/controlplanetest"
	"ecommerce-platform/tests/lab/engine"
)

// secretDigest is one of a Secret, keyed so that the same password of another stack has another one.
var secretDigest = regexp.MustCompile(`"checksum/secret":"[0-9a-f]{12}"`)

func withoutDigests(inputs string) string {
	return secretDigest.ReplaceAllString(inputs, `"checksum/secret":"any"`)
}

// testLayers deploys one stack a layer and compares what they hold with the stack that holds all of them.
func testLayers(t *testing.T, allInOne *engine.Stack) {
	cluster := controlplanetest.Start(t, "control-plane", "worker-node-1", "worker-node-2")
	p := newPlatform(t)
	p.answerKubeconfig(cluster.Kubeconfig)
	layered := map[string]string{}
	var stacks []*engine.Stack
	for _, layer := range []string{"infra", "cluster", "workloads"} {
		stack := p.stack("dev-"+layer, map[string]any{"layers": []string{layer}})
		_, err := stack.Up(t.Context())
		require.NoError(t, err, layer)
		_, err = stack.Up(t.Context(), "--expect-no-changes")
		require.NoError(t, err, layer)
		stacks = append(stacks, stack)
		for name, inputs := range inventory(t, stack) {
			assert.NotContains(t, layered, name, "held by two layers")
			layered[name] = inputs
		}
	}
	whole := inventory(t, allInOne)
	assert.Equal(t, slices.Sorted(maps.Keys(whole)), slices.Sorted(maps.Keys(layered)))
	for name, inputs := range whole {
		assert.JSONEq(t, withoutDigests(inputs), withoutDigests(layered[name]), name)
	}

	workloads := stacks[2]
	_, err := workloads.Destroy(t.Context())
	require.NoError(t, err, "with the cluster alive")
	_, err = workloads.Up(t.Context())
	require.NoError(t, err)
	cluster.Die()
	requireKept(t, workloads, func() error {
		_, err := workloads.Destroy(t.Context())
		return err
	})
	require.NoError(t, workloads.Forget(t.Context(), documentedProvider(t, workloads.Name)))
	for i := len(stacks) - 1; i >= 0; i-- {
		_, err := stacks[i].Destroy(t.Context())
		require.NoError(t, err, "with the cluster dead: %s", stacks[i].Name)
	}
	assert.Empty(t, p.resources().Resources)
}

var (
	// digest tells apart two machines with the same name, and so differs between two accounts. So does the checksum of what is
	// brought to a machine, its address among it.
	digest = regexp.MustCompile(`PLATFORM_(DIGEST|SHA256)='?[0-9a-f]{16,64}'?`)
	// machine is what only the stack knows that holds the machines.
	machine = regexp.MustCompile(` MACHINE_TYPE='[^']*'`)
	// tag names the stack that a resource belongs to.
	tag = regexp.MustCompile(`"Stack":"[^"]*"`)
)

// inventory returns the inputs, as JSON, of each resource by type and name, with the stack's own identifiers replaced by
// the names of what they identify. What stacks consist of is left out: themselves, references and default providers.
func inventory(t *testing.T, stack *engine.Stack) map[string]string {
	t.Helper()
	state, err := stack.Export(t.Context(), "--show-secrets")
	require.NoError(t, err)
	replacer := strings.NewReplacer(identifiers(state)...)
	found := map[string]string{}
	for _, r := range state.Resources {
		kind := string(r.URN.Type())
		if strings.HasPrefix(kind, "pulumi:pulumi:") || kind == "pulumi:index:Stash" || strings.HasPrefix(r.URN.Name(), "default") {
			continue
		}
		if strings.Contains(r.URN.Name(), "-clear-") || strings.HasSuffix(r.URN.Name(), "-volume") {
			continue // is about machines that the same stack holds
		}
		if strings.HasPrefix(kind, "pulumi:providers:") {
			// A kubeconfig leads to the control plane of its test, and the identifier says which stack it is.
			delete(r.Inputs, "kubeconfig")
			delete(r.Inputs, "clusterIdentifier")
		}
		// A node's files travel packed; the control plane's public address is in one of them.
		if packed, ok := r.Inputs["stdin"].(string); ok {
			if files, err := base64.StdEncoding.DecodeString(packed); err == nil {
				r.Inputs["stdin"] = string(files)
			}
		}
		// Names that were made up are others every time.
		generated, _ := r.Inputs["__defaults"].([]any)
		for _, key := range generated {
			delete(r.Inputs, fmt.Sprint(key))
		}
		body, err := json.Marshal(r.Inputs)
		require.NoError(t, err)
		text := digest.ReplaceAllString(machine.ReplaceAllString(replacer.Replace(string(body)), ""), "PLATFORM_$1=x")
		found[r.URN.String()] = tag.ReplaceAllString(text, `"Stack":"x"`)
	}
	return found
}

// identifiers pairs what the account gave its resources, identifiers and public addresses, with the resources' names.
func identifiers(state *engine.State) []string {
	given := map[string]string{}
	for _, r := range state.Resources {
		if strings.HasPrefix(string(r.URN.Type()), "aws:") && r.ID != "" {
			given[r.ID] = r.URN.String()
		}
		if address, ok := r.Outputs["publicIp"].(string); ok && r.URN.Type() == "aws:ec2/eip:Eip" {
			given[address] = "address of " + r.URN.Name()
		}
		// A layer without machines gets their addresses and identifiers from the one below.
		if r.URN.Type() == "pulumi:pulumi:Stack" {
			nodes, _ := r.Outputs["nodes"].([]any)
			for _, item := range nodes {
				node, _ := item.(map[string]any)
				if address, ok := node["publicIp"].(string); ok {
					given[address] = fmt.Sprintf("address of %s", node["name"])
				}
				if id, ok := node["instanceId"].(string); ok {
					given[id] = fmt.Sprintf("aws:ec2/instance:Instance %s", node["name"])
				}
			}
		}
	}
	var pairs []string
	// The longest first: one address may begin another.
	for _, key := range slices.SortedFunc(maps.Keys(given), func(a, b string) int { return len(b) - len(a) }) {
		pairs = append(pairs, key, given[key])
	}
	return pairs
}
