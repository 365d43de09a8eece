package preview

import (
	"errors"
	"fmt"
	"strings"

	"ecommerce-platform/tests/lab/engine"
)

// Levels of rules. A mandatory one stops a deployment.
const (
	mandatory = "mandatory"
	advisory  = "advisory"
)

// Summary is the last line of a preview, for the error that Run returned.
func (r *Result) Summary(err error) string {
	var lines []string
	for _, key := range r.Replaced {
		lines = append(lines, fmt.Sprintf("note     %s: left out or a placeholder, a preview cannot decrypt it", key))
	}
	return strings.Join(append(lines, "verdict  "+r.verdict(err)), "\n")
}

func (r *Result) verdict(err error) string {
	switch {
	case r.Report != nil && r.Report.Verdict != "":
		return r.Report.Headline()
	case err != nil:
		return "failed: the program or the policy pack ended with an error before there was a report"
	default:
		return "no policy was evaluated: the pack wrote no report"
	}
}

// Headline is the verdict with the number of broken policies.
func (r *Report) Headline() string {
	var counts []string
	for _, level := range []string{mandatory, advisory} {
		if n := r.broken(level); n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, level))
		}
	}
	if len(counts) == 0 {
		return r.Verdict
	}
	return fmt.Sprintf("%s (%s)", r.Verdict, strings.Join(counts, ", "))
}

func (r *Report) broken(level string) int {
	n := 0
	for _, violation := range r.Violations {
		if violation.Level == level {
			n++
		}
	}
	return n
}

// Brief is the error without what the CLI has already shown.
func Brief(err error) error {
	var failed *engine.Error
	if errors.As(err, &failed) {
		return errors.New("preview failed; the reasons are above")
	}
	return err
}
