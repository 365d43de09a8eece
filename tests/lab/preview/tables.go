package preview

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// placement shows the number of pods of each tier on each node, then what is asked of each node.
func placement(p Placement) string {
	if len(p.Tiers) == 0 && len(p.Nodes) == 0 {
		return ""
	}
	names := map[string]bool{}
	for _, tier := range p.Tiers {
		for node := range tier.Nodes {
			names[node] = true
		}
	}
	nodes := slices.Sorted(maps.Keys(names))
	header := []string{"tier"}
	for _, node := range nodes {
		header = append(header, cell(node))
	}
	header = append(header, "pending")
	var rows [][]string
	var notes []string
	pods, pending := 0, 0
	for _, tier := range p.Tiers {
		row := []string{cell(tier.Tier)}
		for _, node := range nodes {
			row = append(row, number(tier.Nodes[node]))
		}
		rows = append(rows, append(row, number(len(tier.Unplaced))))
		pods, pending = pods+tier.Replicas, pending+len(tier.Unplaced)
		for _, pod := range tier.Unplaced {
			notes = append(notes, fmt.Sprintf("%s stays pending: %s", pod.Pod, pod.Reason))
		}
		for _, preference := range tier.Unmet {
			notes = append(notes, fmt.Sprintf("%s: %s", tier.Tier, preference))
		}
	}
	body := table(header, rows)
	if len(notes) > 0 {
		body += "\n" + list(notes) + "\n"
	}
	var use [][]string
	for _, node := range p.Nodes {
		use = append(use, []string{
			cell(node.Name), number(node.Pods),
			cell(node.CPU.Requested + " of " + node.CPU.Allocatable), cell(node.Memory.Requested + " of " + node.Memory.Allocatable),
		})
	}
	if len(use) > 0 {
		body += "\n" + table([]string{"node", "pods", "CPU", "memory"}, use)
	}
	summary := "Placement: " + count(pods, "pod")
	if pending > 0 {
		summary += fmt.Sprintf(", %d pending", pending)
	}
	return fold(summary, body)
}

// number leaves nothing where there is nothing, which is easier to read in a table.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// rollouts shows whether changes of pods and drains of nodes can finish.
func rollouts(report *Report) string {
	if len(report.Rollouts) == 0 && len(report.Drains) == 0 {
		return ""
	}
	var rows [][]string
	stuck := 0
	for _, rollout := range report.Rollouts {
		outcome := "✅ " + cell(rollout.Reason)
		if !rollout.Completes {
			stuck++
			outcome = "❌ " + cell(rollout.Reason)
		}
		rows = append(rows, []string{
			cell(rollout.Deployment), strings.TrimSpace(outcome), fmt.Sprintf("%d of %d", rollout.Lowest, rollout.Replicas),
		})
	}
	body := table([]string{"rollout", "can finish", "lowest"}, rows)
	var refused []string
	for _, drain := range report.Drains {
		if !drain.Allowed {
			refused = append(refused, fmt.Sprintf("%s does not let %s be drained: %s", drain.Budget, drain.Node, drain.Reason))
		}
	}
	if len(refused) > 0 {
		body += "\n" + list(refused)
	}
	return fold(fmt.Sprintf("Rollouts: %d of %d can finish, %s refused",
		len(report.Rollouts)-stuck, len(report.Rollouts), count(len(refused), "drain")), body)
}

// nodeLoss shows what losing each node does.
func nodeLoss(losses []NodeLoss) string {
	if len(losses) == 0 {
		return ""
	}
	var rows [][]string
	data := 0
	for _, loss := range losses {
		if len(loss.Lost) > 0 {
			data++
		}
		row := []string{cell(loss.Node)}
		for _, column := range [][]string{loss.Stays, loss.Moves, loss.Pending, loss.Lost} {
			row = append(row, cell(strings.Join(column, ", ")))
		}
		rows = append(rows, row)
	}
	return fold(fmt.Sprintf("Node loss: data at stake on %d of %s", data, count(len(losses), "node")),
		table([]string{"without", "stays up", "moves", "pending", "data lost"}, rows))
}

// reachability shows the paths that are missing; those that exist are a number.
func reachability(paths []Path) string {
	if len(paths) == 0 {
		return ""
	}
	var rows [][]string
	for _, path := range paths {
		if !path.OK {
			rows = append(rows, []string{
				cell(path.From + " → " + path.To), cell(strings.TrimSpace(path.Purpose + " " + path.Protocol + "/" + path.Port)), cell(path.Missing),
			})
		}
	}
	summary := fmt.Sprintf("Reachability: %d of %s as they should be", len(paths)-len(rows), count(len(paths), "path"))
	if len(rows) == 0 {
		return fold(summary, "Every path that is needed exists, and none besides.")
	}
	return fold(summary, table([]string{"path", "for", "remedy"}, rows))
}
