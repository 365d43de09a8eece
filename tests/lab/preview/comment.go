package preview

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
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
		costLine(head.Report, base),
		violations(head.Report, base),
	}
	if items := head.Report.NotEvaluated; len(items) > 0 {
		parts = append(parts, fold("Not evaluated: "+count(len(items), "value"), list(items)))
	}
	parts = append(parts,
		placement(head.Report.Placement), rollouts(head.Report), nodeLoss(head.Report.NodeLoss),
		reachability(head.Report.Reachability), costs(head.Report.Cost), changes(head, base),
	)
	parts = slices.DeleteFunc(parts, func(part string) bool { return part == "" })
	return strings.Join(parts, "\n\n") + "\n"
}

// failureLines is how many of the last lines of a failed preview are shown.
const failureLines = 60

func lastLines(text string, n int) []string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[max(0, len(lines)-n):]
}

func headline(report *Report) string {
	mark := "✅"
	if slices.ContainsFunc(report.Violations, func(v Violation) bool { return v.Level == mandatory }) {
		mark = "❌"
	} else if len(report.Violations) > 0 {
		mark = "⚠️"
	}
	return fmt.Sprintf("### %s %s", mark, cell(report.Verdict))
}

// costLine is the estimate with the difference that the pull request makes.
func costLine(report *Report, base *Found) string {
	line := fmt.Sprintf("**Cost** $%.2f a month in %s", report.Cost.Monthly, cell(report.Cost.Region))
	if base != nil && base.Report != nil {
		switch difference := report.Cost.Monthly - base.Report.Cost.Monthly; {
		case difference >= 0.005:
			line += fmt.Sprintf(", **$%.2f more** than before", difference)
		case difference <= -0.005:
			line += fmt.Sprintf(", **$%.2f less** than before", -difference)
		default:
			line += ", as before"
		}
	}
	if n := len(report.Cost.Unpriced); n > 0 {
		line += fmt.Sprintf("; %s without a price", count(n, "resource"))
	}
	return line
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
			subject = " " + cell(v.Resource) + ":"
		}
		lines = append(lines, fmt.Sprintf("- %s **%s**%s%s %s", mark, cell(v.Rule), fresh, subject, cell(v.Message)))
	}
	return strings.Join(lines, "\n")
}

func rank(level string) int {
	if level == mandatory {
		return 0
	}
	return 1
}

func costs(cost Cost) string {
	var rows [][]string
	for _, item := range cost.Items {
		rows = append(rows, []string{
			cell(item.What), fmt.Sprintf("%g %ss × $%g", item.Quantity, cell(item.Unit), item.UnitUSD), fmt.Sprintf("$%.2f", item.Monthly),
		})
	}
	if len(rows) == 0 && len(cost.Unpriced) == 0 {
		return ""
	}
	body := table([]string{"what", "a month", "USD"}, rows)
	if len(cost.Unpriced) > 0 {
		body += "\nWithout a price:\n\n" + list(cost.Unpriced) + "\n"
	}
	if len(cost.LeavesOut) > 0 {
		body += "\nLeft out: " + cell(strings.Join(cost.LeavesOut, "; ")) + "."
	}
	return fold(fmt.Sprintf("Cost: $%.2f a month", cost.Monthly), body)
}

// diffLines is how many lines of the difference a comment shows.
const diffLines = 300

// changes is what the pull request deploys differently.
func changes(head, base *Found) string {
	if base == nil || base.Plan == nil || head.Plan == nil {
		return ""
	}
	found := Diff(base.Plan, head.Plan)
	ops := map[string]int{}
	var lines []string
	for _, change := range found {
		ops[change.Op]++
		sign := change.Op
		if sign == "~" {
			sign = " "
		}
		lines = append(lines, sign+" "+change.Resource)
		for _, property := range change.Properties {
			if property.Before != "" {
				lines = append(lines, "-   "+property.Path+": "+shorten(property.Before, valueLength))
			}
			if property.After != "" {
				lines = append(lines, "+   "+property.Path+": "+shorten(property.After, valueLength))
			}
		}
	}
	if len(found) == 0 {
		return "No resource changes."
	}
	if left := len(lines) - diffLines; left > 0 {
		lines = append(lines[:diffLines], fmt.Sprintf("  … and %d lines more", left))
	}
	var words []string
	for _, op := range slices.Sorted(maps.Keys(ops)) {
		words = append(words, fmt.Sprintf("%d %s", ops[op], map[string]string{"+": "added", "-": "removed", "~": "changed"}[op]))
	}
	return fold("Changes: "+strings.Join(words, ", "), fenced("diff", lines))
}
