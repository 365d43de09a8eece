// Package comment renders what previews of a pull request and of its base found as the Markdown of a comment. Every value is
// escaped, so that none is read as Markdown, as HTML or as a mention.
package comment

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ecommerce-platform/policy/report"
)

// Preview is what a preview of one checkout left behind. Report is nil where the preview ended before there was one.
type Preview struct {
	Report *report.Report
	Plan   Plan
	// Output is what the preview printed.
	Output string
}

// Links are the addresses that a comment refers to.
type Links struct {
	// Docs is the address of the directory of docs/policies.md, such as https://github.com/owner/name/blob/main/docs. Default, no
	// links.
	Docs string
	// Files is the address of the directory of the pull request's program, such as https://github.com/owner/name/blob/<commit>. Default,
	// no links.
	Files string
}

// limit is how many characters a comment has at most; GitHub takes 65536.
const limit = 60000

// Comment renders what a pull request changes: what a reader must know in the first lines, which fit a phone, and everything
// else folded. base is nil where the base has no preview to compare with.
func Comment(head, base *Preview, links Links) string {
	if head.Report == nil {
		return strings.Join([]string{
			"### ❌ The preview failed",
			fold("What it printed", fenced("", lastLines(head.Output, failureLines))),
		}, "\n\n") + "\n"
	}
	var before *report.Report
	if base != nil {
		before = base.Report
	}
	parts := []string{
		headline(head.Report, before),
		violations(head.Report, before, links),
		nodeChanges(head.Report), placements(head.Report), rollouts(head.Report), nodeLoss(head.Report), growth(head.Report), cronJobs(head.Report),
		reachability(head.Report.Reachability), costs(head.Report.Cost), waived(head.Report), gaps(head.Report), changes(head, base),
	}
	parts = slices.DeleteFunc(parts, func(part string) bool { return part == "" })
	text, dropped := "", 0
	for _, part := range parts {
		if len(text)+len(part) > limit {
			dropped++
			continue
		}
		text += part + "\n\n"
	}
	if dropped > 0 {
		text += fmt.Sprintf("%s left out, too long for a comment.\n\n", count(dropped, "part"))
	}
	return strings.TrimSuffix(text, "\n")
}

// failureLines is how many of the last lines of a failed preview are shown.
const failureLines = 60

func lastLines(text string, n int) []string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	lines = lines[max(0, len(lines)-n):]
	for i := range lines {
		lines[i] = shorten(lines[i], lineLength)
	}
	return lines
}

// lineLength is how much of a line that the preview printed is shown.
const lineLength = 500

// headline is the verdict, what clients will see and the cost.
func headline(r, before *report.Report) string {
	mark := "✅"
	switch {
	case r.Count(report.Mandatory) > 0:
		mark = "❌"
	case len(r.Violations) > 0:
		mark = "⚠️"
	}
	return fmt.Sprintf("### %s %s", mark, cell(r.Summary(before)))
}

// violations lists broken rules, what stops a deployment first. Those that the base does not break are called new.
func violations(r, before *report.Report, links Links) string {
	if len(r.Violations) == 0 {
		return ""
	}
	known := map[report.Violation]bool{}
	if before != nil {
		for _, violation := range before.Violations {
			known[placeless(violation)] = true
		}
	}
	sorted := slices.Clone(r.Violations)
	slices.SortStableFunc(sorted, func(a, b report.Violation) int {
		return cmp.Or(cmp.Compare(rank(a.Level), rank(b.Level)), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Resource, b.Resource))
	})
	var lines []string
	for _, v := range sorted {
		mark, fresh, subject := "⚠️", "", ""
		if v.Level == report.Mandatory {
			mark = "❌"
		}
		if before != nil && !known[placeless(v)] {
			fresh = " (new)"
		}
		if v.Resource != "" {
			subject = " " + cell(shortName(v.Resource)) + ":"
		}
		lines = append(lines, fmt.Sprintf("- %s %s%s%s %s%s", mark, links.rule(v.Rule), fresh, subject, cell(shorten(v.Message, messageLength)), links.source(v.Source)))
	}
	if len(lines) <= openViolations {
		return strings.Join(lines, "\n")
	}
	rest := lines[openViolations:min(len(lines), openViolations+foldedViolations)]
	if left := len(lines) - openViolations - len(rest); left > 0 {
		rest = append(rest, fmt.Sprintf("- and %d more", left))
	}
	return strings.Join(lines[:openViolations], "\n") + "\n\n" +
		fold(fmt.Sprintf("%d more", len(lines)-openViolations), strings.Join(rest, "\n"))
}

// How many broken rules a reader sees before opening anything, and after, and how much of each message.
const (
	openViolations   = 8
	foldedViolations = 50
	messageLength    = 400
)

// rule is the name of a rule, with a link to its row where there is one.
func (l Links) rule(name string) string {
	if l.Docs == "" {
		return "**" + cell(name) + "**"
	}
	return fmt.Sprintf("**[%s](%s/%s)**", cell(name), l.Docs, report.Row(name))
}

// placeless is a violation wherever it stands in the program.
func placeless(v report.Violation) report.Violation {
	v.Source = ""
	return v
}

// source is where the program registers a resource, in brackets, with a link to the line where there is one.
func (l Links) source(place string) string {
	file, line, found := strings.Cut(place, ":")
	switch {
	case !found:
		return ""
	case l.Files == "":
		return " (" + cell(place) + ")"
	}
	return fmt.Sprintf(" ([%s](%s/%s#L%s))", cell(place), l.Files, file, line)
}

// shortName is the resource of a URN without the module of its type: Deployment shop-redis.
func shortName(urn string) string {
	parts := strings.SplitN(urn, "::", 4)
	if len(parts) < 4 {
		return urn
	}
	return report.ShortType(parts[2]) + " " + parts[3]
}

func rank(level string) int {
	if level == report.Mandatory {
		return 0
	}
	return 1
}

// waived are broken rules that somebody has decided to live with, why, and since when.
func waived(r *report.Report) string {
	if len(r.Waived) == 0 {
		return ""
	}
	var lines []string
	for _, v := range r.Waived {
		lines = append(lines, fmt.Sprintf("%s of %s: %s Because: %s", v.Rule, shortName(v.Resource), shorten(v.Message, messageLength), v.Because()))
	}
	return fold("Waived: "+count(len(r.Waived), "finding"), list(lines))
}

// gaps are what was not evaluated, the same of many resources in one line.
func gaps(r *report.Report) string {
	if len(r.NotEvaluated) == 0 {
		return ""
	}
	summary := "Not evaluated: " + count(len(r.NotEvaluated), "value")
	var lines []string
	for _, group := range r.Gaps() {
		gap := group.Gap
		gap.Type = report.ShortType(gap.Type)
		if n := len(group.Names); n > 1 {
			gap.Name = ""
			lines = append(lines, fmt.Sprintf("%s of %d, such as %s", gap, n, group.Names[0]))
			continue
		}
		lines = append(lines, gap.String())
	}
	if blind := r.BlindRules; len(blind) > 0 {
		summary += fmt.Sprintf("; %d of the policies evaluated nothing", len(blind))
		lines = append(lines, "nothing was evaluated by "+strings.Join(blind, ", "))
	}
	return fold(summary, list(lines))
}
