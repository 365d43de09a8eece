package report

import (
	"fmt"
	"io"
	"sort"
	"strings"
	"text/tabwriter"

	"ecommerce-platform/policy/nodeloss"
	"ecommerce-platform/policy/placement"
	"ecommerce-platform/policy/rollout"
)

// table writes rows in columns. The first row is the head.
func table(w io.Writer, title string, rows [][]string) {
	_, _ = fmt.Fprintf(w, "\n%s\n", title)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		_, _ = fmt.Fprintf(tw, "  %s\n", strings.Join(row, "\t"))
	}
	_ = tw.Flush()
}

// on says what a table is about: a new cluster, or what is after a change.
func (r *Report) on(title, changed string) string {
	if r.Changes() {
		return changed
	}
	return title + ", on a new cluster"
}

func rolls(now bool) string {
	if now {
		return "now"
	}
	return "when it changes"
}

func counts(pods map[string]int) string {
	var list []string
	for tier, n := range pods {
		list = append(list, fmt.Sprintf("%s %d", tier, n))
	}
	return orNone(list)
}

func (r *Report) placementText(w io.Writer) {
	if len(r.Placement.Tiers) > 0 {
		rows := [][]string{{"tier", "pods"}}
		for _, node := range r.Placement.Nodes {
			rows[0] = append(rows[0], node.Node)
		}
		rows[0] = append(rows[0], "pending")
		var notes []string
		for _, tier := range r.Placement.Tiers {
			row := []string{tier.Tier, fmt.Sprint(tier.Replicas)}
			for _, node := range r.Placement.Nodes {
				row = append(row, count(tier.PerNode[node.Node]))
			}
			rows = append(rows, append(row, count(tier.Pending)))
			notes = append(notes, placementNotes(tier)...)
		}
		table(w, r.on("Where pods land", "Where pods are after this change")+" (kube-scheduler, default profile)", rows)
		for _, note := range notes {
			_, _ = fmt.Fprintf(w, "  %s\n", note)
		}
	}
	if len(r.Placement.Nodes) > 0 {
		rows := [][]string{{"node", "pods", "CPU requested", "memory requested"}}
		for _, node := range r.Placement.Nodes {
			rows = append(rows, []string{
				node.Node, fmt.Sprint(node.Pods),
				share(node.CPU, node.AllocatableCPU, "m"), share(node.Memory, node.AllocatableMemory, " MiB"),
			})
		}
		table(w, "What nodes give (system pods included, allocatable is an estimate)", rows)
	}
}

// placementNotes are what a row has no column for.
func placementNotes(tier placement.TierPlacement) []string {
	var notes []string
	for _, reason := range tier.Reasons {
		notes = append(notes, fmt.Sprintf("%s: %d pending: %s", tier.Tier, tier.Pending, reason))
	}
	for _, preference := range tier.Preferences {
		notes = append(notes, fmt.Sprintf("%s prefers what it cannot have: %s", tier.Tier, preference))
	}
	for _, either := range tier.Either {
		notes = append(notes, fmt.Sprintf("%s: the scheduler may take %s", tier.Tier, either))
	}
	return notes
}

func (r *Report) rolloutText(w io.Writer) {
	if len(r.Rollouts) > 0 {
		rows := [][]string{{"tier", "strategy", "completes", "lowest available"}}
		for _, o := range r.Rollouts {
			row := []string{o.Tier, o.Strategy, finishes(o.Completes, o.Doubt), fmt.Sprintf("%d of %d", o.Lowest, o.Replicas)}
			if r.Changes() {
				row = append(row, rolls(o.Now))
			}
			rows = append(rows, row)
		}
		if r.Changes() {
			rows[0] = append(rows[0], "rolls")
		}
		table(w, r.on("Rollouts", "Rollouts, from the pods that run"), rows)
		for _, o := range r.Rollouts {
			if !o.Completes {
				_, _ = fmt.Fprintf(w, "  %s is stuck: %s\n", o.Tier, o.Stuck)
			}
			if len(o.Preempts) > 0 {
				_, _ = fmt.Fprintf(w, "  %s preempts pods of %s, which then find no node\n", o.Tier, strings.Join(o.Preempts, ", "))
			}
		}
	}
	if len(r.Drains) > 0 {
		rows := [][]string{{"node", "drains"}}
		for _, d := range r.Drains {
			line := finishes(d.Completes, d.Doubt)
			if len(d.Blocked) > 0 {
				line += ": " + d.Blocked[0].Reason
			}
			for _, s := range d.Switchovers {
				line += "; " + SwitchoverText(s)
			}
			rows = append(rows, []string{d.Node, line})
		}
		table(w, r.on("Draining a node", "Draining a node after this change")+" (kubectl drain)", rows)
	}
}

// SwitchoverText says of a database with an instance on a drained node what happens first.
func SwitchoverText(s rollout.Switchover) string {
	return fmt.Sprintf("where the primary of %s is there, a standby takes over first: about %d s without writes (an estimate)", s.Tier, s.Seconds)
}

func (r *Report) lossText(w io.Writer) {
	if len(r.NodeLoss) == 0 {
		return
	}
	rows := [][]string{{"node lost", "stays up", "moves", "stays pending", "data lost"}}
	for _, loss := range r.NodeLoss {
		up, moves, pending := lossCells(loss)
		rows = append(rows, []string{loss.Node, up, moves, pending, orNone(loss.DataLost)})
	}
	table(w, r.on("Losing a node for good", "Losing a node for good after this change"), rows)
	for _, loss := range r.NodeLoss {
		if loss.ControlPlane {
			_, _ = fmt.Fprintf(w, "  %s: what runs keeps running, but nothing moves or starts until the API is back\n", loss.Node)
		}
		for _, tier := range loss.Tiers {
			if tier.Failover != nil {
				_, _ = fmt.Fprintf(w, "  %s: %s\n", loss.Node, FailoverText(tier))
			}
		}
	}
}

// FailoverText says of a database one of whose instances is lost what those see who ask it, and what is lost of it.
func FailoverText(tier nodeloss.TierLoss) string {
	f := tier.Failover
	text := fmt.Sprintf("where the primary of %s is there, a standby takes over: orders fail for about %d s, %d s of them until the node counts as lost (an estimate)",
		tier.Tier, f.Seconds, f.Noticed)
	if f.Seconds == 0 {
		text = fmt.Sprintf("where the primary of %s is there, no standby takes over until the API is back", tier.Tier)
	}
	if f.WritesWait {
		text += "; too few standbys are left for what must be on one before it is committed: writes wait until there are as many again"
	}
	if f.LosesLast {
		return text + "; what was committed last, and no standby has yet, is lost"
	}
	return text + "; nothing lost"
}

func lossCells(loss nodeloss.Loss) (up, moves, pending string) {
	var ups, moved, waits []string
	for _, tier := range loss.Tiers {
		if tier.StaysUp > 0 {
			ups = append(ups, fmt.Sprintf("%s %d", tier.Tier, tier.StaysUp))
		}
		if tier.Moves > 0 {
			text := fmt.Sprintf("%s %d", tier.Tier, tier.Moves)
			if tier.Gap() {
				text += " (down until then)"
			}
			moved = append(moved, text)
		}
		if tier.Pending > 0 {
			text := fmt.Sprintf("%s %d", tier.Tier, tier.Pending)
			if tier.Down() {
				text += " (down)"
			}
			waits = append(waits, text)
		}
	}
	return orNone(ups), orNone(moved), orNone(waits)
}

func (r *Report) reachText(w io.Writer) {
	if len(r.Reachability) == 0 {
		return
	}
	type line struct{ what, ports string }
	total, good, unknown := map[line]int{}, map[line]int{}, map[line]int{}
	var lines []line
	for _, path := range r.Reachability {
		l := line{path.What, path.Ports}
		if total[l] == 0 {
			lines = append(lines, l)
		}
		total[l]++
		switch {
		case path.State == "unknown":
			unknown[l]++
		case !path.Broken():
			good[l]++
		}
	}
	rows := [][]string{{"traffic", "ports", "as needed"}}
	for _, l := range lines {
		text := fmt.Sprintf("%d of %d", good[l], total[l])
		if unknown[l] > 0 {
			text += fmt.Sprintf(", %d not known yet", unknown[l])
		}
		rows = append(rows, []string{l.what, l.ports, text})
	}
	table(w, "Who reaches whom", rows)
	for _, path := range r.Reachability {
		if path.Broken() {
			_, _ = fmt.Fprintf(w, "  %s -> %s, %s %s is %s: %s\n", path.From, path.To, path.What, path.Ports, path.State, path.Remedy)
		}
	}
}

func (r *Report) costText(w io.Writer) {
	if len(r.Cost.Items) == 0 && len(r.Cost.Unpriced) == 0 {
		return
	}
	rows := [][]string{{"what", "a month"}}
	for _, item := range r.Cost.Items {
		rows = append(rows, []string{item.What, fmt.Sprintf("%.2f", item.Monthly)})
	}
	rows = append(rows, []string{"total", fmt.Sprintf("%.2f %s", r.Cost.Monthly, r.Cost.Currency)})
	table(w, "Cost estimate, "+r.Cost.Region, rows)
	if r.Cost.CreditsAtMost > 0 {
		_, _ = fmt.Fprintf(w, "  CPU credits, if every burstable CPU is always busy: at most %.2f %s more\n", r.Cost.CreditsAtMost, r.Cost.Currency)
	}
	for _, what := range r.Cost.Unpriced {
		_, _ = fmt.Fprintf(w, "  without a price: %s\n", what)
	}
	if len(r.Cost.LeavesOut) > 0 {
		_, _ = fmt.Fprintf(w, "  leaves out: %s\n", strings.Join(r.Cost.LeavesOut, "; "))
	}
}

func count(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

func answer(yes bool) string {
	if yes {
		return "yes"
	}
	return "NO"
}

// finishes is whether a rollout or a drain does; it may where there is a course in which it does not.
func finishes(completes bool, doubt string) string {
	if completes && doubt != "" {
		return "MAY NOT: " + doubt
	}
	return answer(completes)
}

func share(requested, allocatable int64, unit string) string {
	if allocatable == 0 {
		return fmt.Sprintf("%d%s of ?", requested, unit)
	}
	return fmt.Sprintf("%d of %d%s (%d%%)", requested, allocatable, unit, 100*requested/allocatable)
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "-"
	}
	sort.Strings(list)
	return strings.Join(list, ", ")
}
