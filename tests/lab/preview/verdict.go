package preview

import (
	"errors"
	"fmt"
	"strings"

	"ecommerce-platform/tests/lab/engine"
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
	case r.Report != nil && r.Report.Headline != "":
		return r.Report.Headline
	case err != nil:
		return "failed: the program or the policy pack ended with an error before there was a report"
	default:
		return "no policy was evaluated: the pack wrote no report"
	}
}

// Brief is the error without what the CLI has already shown.
func Brief(err error) error {
	var failed *engine.Error
	if errors.As(err, &failed) {
		return errors.New("preview failed; the reasons are above")
	}
	return err
}
