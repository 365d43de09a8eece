package cis

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

// Answer is what became of a check that kube-bench does not find passed.
type Answer string

const (
	// Met is kept by the platform, where kube-bench cannot see it: a test of ours does.
	Met Answer = "met"
	// Accepted is not kept, for a reason.
	Accepted Answer = "accepted"
)

// Decision is what the project answers to a check.
type Decision struct {
	Answer Answer `json:"answer"`
	// Reason is a sentence.
	Reason string `json:"reason"`
	// Shown names a test elsewhere that shows it. Default, for what is met, the check's own case of TestCISChecksOfOurOwn.
	Shown string `json:"shown"`
}

//go:embed decisions.yaml
var decisionsYAML []byte

// Decisions are the answers by the number of the check.
func Decisions() (map[string]Decision, error) {
	decisions := map[string]Decision{}
	if err := yaml.UnmarshalStrict(decisionsYAML, &decisions); err != nil {
		return nil, fmt.Errorf("decisions.yaml: %w", err)
	}
	for id, decision := range decisions {
		switch {
		case decision.Answer != Met && decision.Answer != Accepted:
			return nil, fmt.Errorf("decisions.yaml: %s: answer %q: not met or accepted", id, decision.Answer)
		case decision.Reason == "":
			return nil, fmt.Errorf("decisions.yaml: %s: reason <unset>: required", id)
		}
	}
	return decisions, nil
}

// Judge returns what is wrong: a check that is neither passed nor decided, and a decision that no check needs.
func Judge(results []Result, decisions map[string]Decision) (problems []string) {
	needed := map[string]bool{}
	for _, result := range results {
		if result.Status == Pass {
			continue
		}
		needed[result.ID] = true
		if _, decided := decisions[result.ID]; !decided {
			problems = append(problems, fmt.Sprintf("%s on %s: %s, and no decision: %s", result.ID, result.Node, result.Status, result.Actual))
		}
	}
	for _, id := range slices.SortedFunc(maps.Keys(decisions), byNumber) {
		if !needed[id] {
			problems = append(problems, fmt.Sprintf("%s: decided, but passed on every node, or no check", id))
		}
	}
	return problems
}

// byNumber orders "1.2.9" before "1.2.10".
func byNumber(a, b string) int { return slices.Compare(numbers(a), numbers(b)) }

func numbers(id string) (list []int) {
	for part := range strings.SplitSeq(id, ".") {
		number, err := strconv.Atoi(part)
		if err != nil {
			number = -1
		}
		list = append(list, number)
	}
	return list
}
