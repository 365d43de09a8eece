package comment

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// diffLines is how many lines of the difference a comment shows.
const diffLines = 300

// changes is what the pull request deploys differently.
func changes(head, base *Preview) string {
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
