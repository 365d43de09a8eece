package preview

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ecommerce-platform/tests/lab/engine"
)

// Found is what a preview of one checkout left behind. Report is nil where the preview ended before there was one.
type Found struct {
	Report *Report
	Plan   Plan
	// Output is what the preview printed.
	Output string
}

// Comment renders what a pull request changes as Markdown: what a reader must know in the first lines, which fit a phone,
// and everything else folded. base is nil where the base has no preview to compare with.
func Comment(head, base *Found) string {
	if head.Report == nil {
		return strings.Join([]string{
			"### ❌ The preview failed",
			fold("What it printed", fenced("", lastLines(head.Output, failureLines))),
		}, "\n\n") + "\n"
	}
	parts := []string{
		headline(head.Report),
		outages(head.Report),
		costLine(head.Report, base),
		violations(head.Report, base),
	}
	if items := head.Report.NotEvaluated; len(items) > 0 {
		summary, lines := "Not evaluated: "+count(len(items), "value"), gathered(items)
		if blind := head.Report.BlindRules; len(blind) > 0 {
			summary += fmt.Sprintf("; %s of the policies evaluated nothing", number(len(blind)))
			lines = append(lines, "nothing was evaluated by "+strings.Join(blind, ", "))
		}
		parts = append(parts, fold(summary, list(lines)))
	}
	parts = append(parts,
		nodeChanges(head.Report.Update), placement(head.Report), rollouts(head.Report), nodeLoss(head.Report),
		reachability(head.Report.Reachability), costs(head.Report.Cost), changes(head, base),
	)
	parts = slices.DeleteFunc(parts, func(part string) bool { return part == "" })
	return strings.Join(parts, "\n\n") + "\n"
}

// gathered says things once that are the same of many resources: what ends in the same path.
func gathered(items []string) []string {
	var order []string
	names := map[string][]string{}
	for _, item := range items {
		words := strings.Fields(shortName(item))
		key := item
		if len(words) == 3 {
			key = words[0] + " " + words[2]
		}
		if names[key] == nil {
			order = append(order, key)
		}
		names[key] = append(names[key], shortName(item))
	}
	var lines []string
	for _, key := range order {
		if same := names[key]; len(same) > 1 {
			lines = append(lines, fmt.Sprintf("%s of %d, such as %s", key, len(same), strings.Fields(same[0])[1]))
		} else {
			lines = append(lines, same[0])
		}
	}
	return lines
}

// failureLines is how many of the last lines of a failed preview are shown.
const failureLines = 60

func lastLines(text string, n int) []string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[max(0, len(lines)-n):]
}

func headline(report *Report) string {
	mark := "✅"
	switch {
	case report.broken(mandatory) > 0:
		mark = "❌"
	case len(report.Violations) > 0:
		mark = "⚠️"
	}
	return fmt.Sprintf("### %s %s", mark, cell(report.Headline()))
}

// outages says who is down while the change is made. Of a new platform there is nothing to say.
func outages(report *Report) string {
	if report.Baseline != runs {
		return ""
	}
	if len(report.Outages) == 0 {
		return "**Down meanwhile** nobody: every tier always has a ready pod"
	}
	var lines []string
	for _, outage := range report.Outages {
		lines = append(lines, fmt.Sprintf("%s while %s, until %s", outage.Tier, outage.While, outage.Until))
	}
	return "**Down meanwhile**\n\n" + list(lines)
}

// violations lists broken rules, what stops a deployment first. Those that the base does not break are called new.
func violations(report *Report, base *Found) string {
	if len(report.Violations) == 0 {
		return ""
	}
	known := map[Violation]bool{}
	if base != nil && base.Report != nil {
		for _, violation := range base.Report.Violations {
			known[violation] = true
		}
	}
	sorted := slices.Clone(report.Violations)
	slices.SortStableFunc(sorted, func(a, b Violation) int {
		return cmp.Or(cmp.Compare(rank(a.Level), rank(b.Level)), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Resource, b.Resource))
	})
	var lines []string
	for _, v := range sorted {
		mark := "⚠️"
		if v.Level == mandatory {
			mark = "❌"
		}
		fresh := ""
		if base != nil && base.Report != nil && !known[v] {
			fresh = " (new)"
		}
		subject := ""
		if v.Resource != "" {
			subject = " " + cell(shortName(v.Resource)) + ":"
		}
		lines = append(lines, fmt.Sprintf("- %s **%s**%s%s %s", mark, cell(v.Rule), fresh, subject, cell(v.Message)))
	}
	if len(lines) <= openViolations {
		return strings.Join(lines, "\n")
	}
	rest := lines[openViolations:]
	return strings.Join(lines[:openViolations], "\n") + "\n\n" +
		fold(fmt.Sprintf("%d more", len(rest)), strings.Join(rest, "\n"))
}

// openViolations is how many broken rules a reader sees before opening anything.
const openViolations = 8

// shortName is a resource without the module of its type: Deployment shop-redis.
func shortName(resource string) string {
	if strings.HasPrefix(resource, "urn:") {
		id := engine.URN(resource)
		resource = id.String()
	}
	kind, name, named := strings.Cut(resource, " ")
	if !named {
		return resource
	}
	return kind[strings.LastIndex(kind, ":")+1:] + " " + name
}

func rank(level string) int {
	if level == mandatory {
		return 0
	}
	return 1
}
