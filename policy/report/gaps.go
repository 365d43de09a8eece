package report

import (
	"fmt"
	"strings"

	"ecommerce-platform/policy/model"
)

// GapGroup is the same gap of one or more resources of a type, such as the connection of every command.
type GapGroup struct {
	// Gap is that of the first resource.
	model.Gap
	Names []string
}

// Gaps groups what was not evaluated by everything but the resource's name, in the order of the first of each group.
func (r *Report) Gaps() []GapGroup {
	var groups []GapGroup
	at := map[model.Gap]int{}
	for _, gap := range r.NotEvaluated {
		key := gap
		key.Name = ""
		i, known := at[key]
		if !known || gap.Type == "" {
			i = len(groups)
			at[key] = i
			groups = append(groups, GapGroup{Gap: gap})
		}
		groups[i].Names = append(groups[i].Names, gap.Name)
	}
	return groups
}

// fewest is from how many resources on a group is one line.
const fewest = 4

// gapLines are the gaps as text, large groups in one line each. The JSON has every one.
func (r *Report) gapLines() []string {
	var lines []string
	for _, group := range r.Gaps() {
		if len(group.Names) >= fewest {
			all := group.Gap
			all.Name = ""
			lines = append(lines, fmt.Sprintf("%s, %s (%d resources)", all, strings.Join(group.Names, ", "), len(group.Names)))
			continue
		}
		for _, name := range group.Names {
			gap := group.Gap
			gap.Name = name
			lines = append(lines, gap.String())
		}
	}
	return lines
}
