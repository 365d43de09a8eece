package cis

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const report = `Warning: the version is not known
{"Controls":[{"node_type":"node","tests":[{"section":"4.1","results":[
	{"test_number":"4.1.1","status":"FAIL","scored":true,"actual_value":"permissions=644"},
	{"test_number":"4.1.2","status":"PASS","scored":true},
	{"test_number":"4.1.3","status":"WARN","scored":false}]}]}]}`

func results(t *testing.T) []Result {
	t.Helper()
	found, err := parse("worker-node-1", report)
	require.NoError(t, err)
	require.Len(t, found, 3)
	assert.Equal(t, Result{ID: "4.1.1", Status: Fail, Scored: true, Actual: "permissions=644", Node: "worker-node-1"}, found[0])
	return found
}

func TestNothingThatRanIsAnError(t *testing.T) {
	for name, out := range map[string]string{"no report": "command not found", "an empty one": `{"Controls":[]}`, "half of one": `{"Controls":`} {
		_, err := parse("worker-node-1", out)
		require.Error(t, err, name)
	}
}

func TestWhatIsNotPassedNeedsADecision(t *testing.T) {
	answer := Decision{Answer: Accepted, Reason: "Because."}
	assert.Empty(t, Judge(results(t), map[string]Decision{"4.1.1": answer, "4.1.3": answer}))
	assert.Equal(t, []string{
		"4.1.1 on worker-node-1: FAIL, and no decision: permissions=644",
		"4.1.2: decided, but passed on every node, or no check",
		"4.1.10: decided, but passed on every node, or no check",
	}, Judge(results(t), map[string]Decision{"4.1.2": answer, "4.1.3": answer, "4.1.10": answer}))
}

func TestPageTellsOfEveryCheck(t *testing.T) {
	page := Page("0.0.0", results(t), map[string]Decision{
		"4.1.1": {Answer: Accepted, Reason: "Because."}, "4.1.3": {Answer: Met, Reason: "There is none."},
	})
	assert.Contains(t, page, "Of 2 checks that kube-bench decides, 1 pass on every node. Of 1 that it leaves to a person it finds 0 kept")
	assert.Contains(t, page, "| 4.1.1 | automated | accepted | Because. |  |\n| 4.1.3 | manual | met | There is none. | `TestCISChecksOfOurOwn/4.1.3` |\n")
	assert.Contains(t, page, "| 4.1 | 4.1.2 |\n")
}

func TestDecisionsAreWhole(t *testing.T) {
	decisions, err := Decisions()
	require.NoError(t, err)
	assert.NotEmpty(t, decisions)
}
