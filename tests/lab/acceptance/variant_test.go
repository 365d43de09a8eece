package acceptance_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/acceptance/wire"
	"ecommerce-platform/tests/lab/engine"
)

// variant is the dev stack with a difference.
type variant struct {
	name string
	// stack is the stack's name; dev if empty.
	stack  string
	config map[string]any
	edits  []wire.Edit
	// rule is the policy that reports the fault, and says is a piece of its message. Both are empty where nothing is wrong.
	rule, says string
	// also are other policies that report the same fault from their side.
	also []string
}

// alarm is a policy violation as the engine reports it.
type alarm struct{ level, rule, message string }

func (a alarm) String() string { return fmt.Sprintf("%s %s: %s", a.level, a.rule, a.message) }

// previewWithPack returns the alarms of a preview, and what is said besides. A preview that fails for another reason
// than an alarm fails the test.
func previewWithPack(ctx context.Context, t *testing.T, b *bench, stack *engine.Stack) ([]alarm, *engine.Result) {
	t.Helper()
	result, err := stack.Preview(ctx, "--policy-pack", b.pack)
	alarms := alarmsOf(result)
	var failed *engine.Error
	if err != nil {
		require.ErrorAs(t, err, &failed)
		mandatory := slices.ContainsFunc(alarms, func(a alarm) bool { return a.level == "mandatory" })
		require.True(t, mandatory, "the preview failed, and not by a policy: %v\n%s", err, failed.Output)
		for _, text := range failed.Diagnostics {
			require.NotContains(t, text, "panic", "the pack crashed: %s", failed.Output)
		}
	}
	require.NotContains(t, result.Output, keySeed)
	require.NotContains(t, result.Output, databasePassword)
	return alarms, result
}

func alarmsOf(result *engine.Result) []alarm {
	if result == nil {
		return nil
	}
	var alarms []alarm
	for _, d := range result.Diagnostics {
		if level, ok := strings.CutPrefix(d.Severity, "policy "); ok {
			rule, message, _ := strings.Cut(d.Message, ": ")
			alarms = append(alarms, alarm{level, rule, message})
		}
	}
	return alarms
}

// check compares what was reported with what is wrong.
func (v variant) check(t *testing.T, alarms, usual []alarm) {
	t.Helper()
	reported := false
	for _, a := range alarms {
		switch {
		case v.rule != "" && a.rule == v.rule && strings.Contains(a.message, v.says):
			reported = true
		case a.rule == v.rule, slices.Contains(v.also, a.rule):
		case slices.ContainsFunc(usual, func(u alarm) bool { return u.rule == a.rule && u.level == a.level && a.level == "advisory" }):
			// Advice that the platform as it is gets too.
		default:
			assert.Fail(t, "an alarm that is not about the fault", "%s", a)
		}
	}
	if v.rule != "" {
		assert.True(t, reported, "%s with %q was not reported; alarms: %q", v.rule, v.says, alarms)
	}
}
