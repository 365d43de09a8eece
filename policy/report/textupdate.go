package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"ecommerce-platform/policy/clients"
)

// updateText tells what becomes of nodes and their pods on the way, and who is without a ready pod meanwhile.
func (r *Report) updateText(w io.Writer) {
	if len(r.Update) > 0 {
		rows := [][]string{{"node", "happens", "pods that start elsewhere", "pods that wait"}}
		var notes []string
		for _, node := range r.Update {
			rows = append(rows, []string{node.Node, node.What, counts(node.Moves), counts(node.Pending)})
			for _, blocked := range node.Blocked {
				notes = append(notes, fmt.Sprintf("%s: pod %s may not go: %s", node.Node, blocked.Pod, blocked.Reason))
			}
		}
		table(w, "What this change does to nodes, in this order", rows)
		for _, note := range notes {
			_, _ = fmt.Fprintf(w, "  %s\n", note)
		}
	}
	if !r.Changes() || len(r.Clients) == 0 {
		return
	}
	rows := [][]string{{"who asks for", "gets no answer for", "because"}}
	for _, seen := range r.Clients {
		rows = append(rows, []string{seen.What, lasts(seen), because(seen)})
	}
	table(w, fmt.Sprintf("What clients see of this change, which takes about %s", duration(r.Seconds)), rows)
}

// lasts says how long clients get no answer.
func lasts(seen clients.Seen) string {
	switch {
	case seen.Open:
		return "until another change"
	case seen.Seconds == 0:
		return "no time"
	default:
		return "about " + duration(seen.Seconds)
	}
}

func because(seen clients.Seen) string {
	if len(seen.Because) == 0 {
		return "-"
	}
	return strings.Join(seen.Because, "; ")
}

func duration(seconds int) string {
	return (time.Duration(seconds) * time.Second).String()
}
