package acceptance_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/engine"
)

// gap is how the pack says that it could not look at something.
var gap = regexp.MustCompile(`not evaluated: (.+)`)

// gaps returns what a preview says it could not look at, each of which it says once.
func gaps(t *testing.T, result *engine.Result) []string {
	t.Helper()
	var found []string
	for _, match := range gap.FindAllStringSubmatch(result.Output, -1) {
		what := strings.TrimSpace(match[1])
		assert.NotContains(t, found, what, "said twice")
		found = append(found, what)
	}
	return found
}

func assertGap(t *testing.T, found []string, parts ...string) {
	t.Helper()
	assert.True(t, slices.ContainsFunc(found, func(text string) bool {
		return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(text, part) })
	}), "nothing says that %v was not evaluated: %v", parts, found)
}

// TestUnknownsNeverLie: what a preview cannot know is said to be not evaluated, once; nothing crashes, and a rule that could
// not look raises no alarm and gives no all-clear.
func TestUnknownsNeverLie(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	t.Run("an_empty_stack", func(t *testing.T) {
		alarms, result := previewWithPack(t.Context(), t, b, b.stack(t, "dev", nil, nil))
		assertNoMandatory(t, alarms)
		found := gaps(t, result)
		// The address of a machine that is not there yet is part of every connection to it.
		assertGap(t, found, "command:remote:Command", "platform-worker-node-1-join", "connection")
		assertGap(t, found, "command:remote:Command", "platform-worker-node-1-join", "create")
	})
	t.Run("a_layer_whose_lower_layer_holds_nothing", func(t *testing.T) {
		b.undeployed(t, "late-infra", "infra")
		b.undeployed(t, "late-cluster", "cluster")
		alarms, result := previewWithPack(t.Context(), t, b, b.stack(t, "late-cluster", object{"layers": []string{"cluster"}}, nil))
		assertNoMandatory(t, alarms)
		found := gaps(t, result)
		assertGap(t, found, "command:remote:Command", "connection")
		assertGap(t, found, "reachability")

		alarms, result = previewWithPack(t.Context(), t, b, b.stack(t, "late-workloads", object{"layers": []string{"workloads"}}, nil))
		assertNoMandatory(t, alarms)
		found = gaps(t, result)
		assertGap(t, found, "reachability")
		assertGap(t, found, "capacity")
	})
	t.Run("a_layer_whose_lower_stack_does_not_exist", func(t *testing.T) {
		// The engine refuses this by itself; the pack must not hide why.
		_, err := b.stack(t, "orphan-cluster", object{"layers": []string{"cluster"}}, nil).Preview(t.Context(), "--policy-pack", b.pack)
		require.ErrorContains(t, err, "orphan-infra")
		assert.NotContains(t, err.Error(), "panic")
	})
}

func assertNoMandatory(t *testing.T, alarms []alarm) {
	t.Helper()
	for _, a := range alarms {
		assert.Equal(t, "advisory", a.level, "%s", a)
	}
}

// undeployed makes a stack that holds nothing yet.
func (b *bench) undeployed(t *testing.T, name, layer string) {
	t.Helper()
	b.stack(t, name, object{"layers": []string{layer}}, nil)
}
