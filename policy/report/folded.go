package report

import (
	"fmt"
	"strings"
)

// fewest is from how many resources of one type on the same unknown path is told in one line.
const fewest = 4

// folded tells the same path of many resources of a type, such as the connection of every command, in one line. The JSON
// has each of them.
func folded(list []string) []string {
	type group struct{ kind, path string }
	of := func(entry string) (group, string) {
		parts := strings.SplitN(entry, " ", 3)
		if len(parts) < 3 || !strings.Contains(parts[0], ":") || strings.HasSuffix(parts[0], ":") {
			return group{}, ""
		}
		return group{parts[0], parts[2]}, parts[1]
	}
	names := map[group][]string{}
	for _, entry := range list {
		if g, name := of(entry); name != "" {
			names[g] = append(names[g], name)
		}
	}
	var lines []string
	for _, entry := range list {
		g, name := of(entry)
		switch all := names[g]; {
		case len(all) < fewest:
			lines = append(lines, entry)
		case name == all[0]:
			lines = append(lines, fmt.Sprintf("%s %s, %s (%d resources)", g.kind, g.path, strings.Join(all, ", "), len(all)))
		}
	}
	return lines
}
