package labtest

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// Diagnose prints what a person would look at next.
func (l *Lab) Diagnose(ctx context.Context, w io.Writer) {
	show := func(node string, lines int, command ...string) {
		text, err := l.OnMachine(ctx, node, command...)
		_, _ = fmt.Fprintf(w, "--- %s: %s\n%s\n", node, strings.Join(command, " "), tail(text, lines))
		if err != nil {
			_, _ = fmt.Fprintln(w, err)
		}
	}
	kubectl := []string{"kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf", "--request-timeout", "10s"}
	for _, command := range [][]string{
		{"get", "nodes", "-o", "wide"},
		{"get", "pods", "-A", "-o", "wide"},
		{"get", "events", "-A", "--field-selector", "type=Warning", "--sort-by", "lastTimestamp"},
	} {
		show("control-plane", 60, append(kubectl, command...)...)
	}
	for _, node := range l.NodeNames() {
		show(node, 40, "ip", "route")
		show(node, 15, "journalctl", "--no-pager", "-n", "15", "-u", "kubelet")
	}
}

func tail(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
