package comment

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"ecommerce-platform/policy/placement"
	"ecommerce-platform/policy/reach"
	"ecommerce-platform/policy/report"
)

// on is what a part is about.
func on(r *report.Report) string {
	if r.Changes() {
		return "after this change"
	}
	return "on a new cluster"
}

// nodeChanges shows what the change does to nodes and their pods on the way.
func nodeChanges(r *report.Report) string {
	nodes := r.Update
	if len(nodes) == 0 {
		return ""
	}
	var rows [][]string
	var held []string
	for _, node := range nodes {
		rows = append(rows, []string{cell(node.Node), cell(node.What), cell(pods(node.Moves)), cell(pods(node.Pending))})
		for _, blocked := range node.Blocked {
			held = append(held, node.Node+": "+blocked.Reason)
		}
	}
	body := table([]string{"node", "happens", "pods that start elsewhere", "pods that wait"}, rows)
	if len(held) > 0 {
		body += "\n" + list(held)
	}
	return fold("Nodes: "+count(len(nodes), "change")+", in this order", body)
}

// pods lists numbers of pods by tier.
func pods(counts map[string]int) string {
	var list []string
	for _, tier := range slices.Sorted(maps.Keys(counts)) {
		list = named(list, tier, counts[tier])
	}
	return strings.Join(list, ", ")
}

// placements shows the number of pods of each tier on each node, then what is asked of each node.
func placements(r *report.Report) string {
	p := r.Placement
	if len(p.Tiers) == 0 && len(p.Nodes) == 0 {
		return ""
	}
	names := map[string]bool{}
	for _, tier := range p.Tiers {
		for node := range tier.PerNode {
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
	total, pending := 0, 0
	for _, tier := range p.Tiers {
		row := []string{cell(tier.Tier)}
		for _, node := range nodes {
			row = append(row, number(tier.PerNode[node]))
		}
		rows = append(rows, append(row, number(tier.Pending)))
		total, pending = total+tier.Replicas, pending+tier.Pending
		for _, reason := range tier.Reasons {
			notes = append(notes, tier.Tier+" pending: "+reason)
		}
		for _, preference := range tier.Preferences {
			notes = append(notes, tier.Tier+" prefers in vain: "+preference)
		}
	}
	body := table(header, rows)
	if len(notes) > 0 {
		body += "\n" + list(notes) + "\n"
	}
	if len(p.Nodes) > 0 {
		body += "\n" + uses(p.Nodes)
	}
	summary := "Placement " + on(r) + ": " + count(total, "pod")
	if pending > 0 {
		summary += fmt.Sprintf(", %d pending", pending)
	}
	return fold(summary, body)
}

// uses shows requests against what is allocatable.
func uses(nodes []placement.NodeUse) string {
	var rows [][]string
	for _, node := range nodes {
		rows = append(rows, []string{
			cell(node.Node), number(node.Pods), of(node.CPU, node.AllocatableCPU, "m"), of(node.Memory, node.AllocatableMemory, " MiB"),
		})
	}
	return table([]string{"node", "pods", "CPU", "memory"}, rows)
}

func of(requested, allocatable int64, unit string) string {
	if allocatable == 0 {
		return fmt.Sprintf("%d%s", requested, unit)
	}
	return fmt.Sprintf("%d of %d%s", requested, allocatable, unit)
}

// number leaves nothing where there is nothing, which is easier to read in a table.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// rollouts shows whether changes of pods and drains of nodes can finish.
func rollouts(r *report.Report) string {
	if len(r.Rollouts) == 0 && len(r.Drains) == 0 {
		return ""
	}
	var rows [][]string
	finish := 0
	for _, rollout := range r.Rollouts {
		outcome := "✅ " + rollout.Strategy
		if rollout.Completes {
			finish++
			if rollout.Doubt != "" {
				outcome = "⚠️ may not: " + rollout.Doubt
			}
		} else {
			outcome = strings.Join(slices.DeleteFunc([]string{"❌ " + rollout.Stuck, rollout.Remedy}, func(s string) bool { return s == "" }), "; ")
		}
		if len(rollout.Preempts) > 0 {
			outcome += "; ❌ preempts pods of " + strings.Join(rollout.Preempts, ", ") + ", which then find no node"
		}
		row := []string{cell(rollout.Tier), cell(outcome), fmt.Sprintf("%d of %d", rollout.Lowest, rollout.Replicas)}
		if r.Changes() {
			row = append(row, map[bool]string{true: "now", false: "when it changes"}[rollout.Now])
		}
		rows = append(rows, row)
	}
	header := []string{"rollout", "can finish", "lowest"}
	if r.Changes() {
		header = append(header, "rolls")
	}
	body := table(header, rows)
	var refused []string
	drained := 0
	for _, drain := range r.Drains {
		if drain.Completes {
			drained++
			if drain.Doubt != "" {
				refused = append(refused, fmt.Sprintf("%s may not be drained: %s", drain.Node, drain.Doubt))
			}
		}
		if len(drain.Blocked) > 0 {
			refused = append(refused, fmt.Sprintf("%s cannot be drained, %s may never go: %s",
				drain.Node, count(len(drain.Blocked), "pod"), drain.Blocked[0].Reason))
		}
	}
	for _, drain := range r.Drains {
		for _, s := range drain.Switchovers {
			refused = append(refused, drain.Node+" drained: "+report.SwitchoverText(s))
		}
	}
	if len(refused) > 0 {
		body += "\n" + list(refused)
	}
	return fold(fmt.Sprintf("Rollouts %s: %d of %d can finish; %d of %s can be drained",
		on(r), finish, len(r.Rollouts), drained, count(len(r.Drains), "node")), body)
}

// nodeLoss shows what losing each node does.
func nodeLoss(r *report.Report) string {
	losses := r.NodeLoss
	if len(losses) == 0 {
		return ""
	}
	var rows [][]string
	var failovers []string
	data := 0
	for _, loss := range losses {
		if len(loss.DataLost) > 0 {
			data++
		}
		var stays, moves, pending []string
		for _, tier := range loss.Tiers {
			stays, pending = named(stays, tier.Tier, tier.StaysUp), named(pending, tier.Tier, tier.Pending)
			if moves = named(moves, tier.Tier, tier.Moves); tier.StaysUp == 0 && tier.Moves > 0 {
				moves[len(moves)-1] += " (down until then)"
			}
			if tier.Failover != nil {
				failovers = append(failovers, loss.Node+": "+report.FailoverText(tier))
			}
		}
		lost := loss.DataLost
		if loss.ControlPlane {
			lost = append([]string{"the API: nothing moves"}, lost...)
		}
		row := []string{cell(loss.Node)}
		for _, column := range [][]string{stays, moves, pending, lost} {
			row = append(row, cell(strings.Join(column, ", ")))
		}
		rows = append(rows, row)
	}
	body := table([]string{"without", "stays up", "moves", "pending", "lost"}, rows)
	if len(failovers) > 0 {
		body += "\n" + list(failovers)
	}
	return fold(fmt.Sprintf("Node loss %s: data at stake on %d of %s", on(r), data, count(len(losses), "node")), body)
}

// named adds a tier with its number of pods, if it has any.
func named(list []string, tier string, pods int) []string {
	if pods == 0 {
		return list
	}
	return append(list, fmt.Sprintf("%s %d", tier, pods))
}

// reachability shows the paths that are not as they should be; the others are a number.
func reachability(paths []reach.Path) string {
	if len(paths) == 0 {
		return ""
	}
	var rows [][]string
	good := 0
	for _, path := range paths {
		if path.State == path.Want {
			good++
			continue
		}
		rows = append(rows, []string{
			cell(path.From + " → " + path.To), cell(path.What + ", " + path.Ports),
			cell(fmt.Sprintf("%s, should be %s", path.State, path.Want)), cell(path.Remedy),
		})
	}
	summary := fmt.Sprintf("Reachability: %d of %s as they should be", good, count(len(paths), "path"))
	if len(rows) == 0 {
		return fold(summary, "Every path that is needed is open, and none besides.")
	}
	return fold(summary, table([]string{"path", "for", "is", "remedy"}, rows))
}
