package review

import (
	"cmp"
	"fmt"
	"strings"

	"ecommerce-platform/policy/admission"
	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/placement"
	"ecommerce-platform/policy/reach"
	"ecommerce-platform/policy/rollout"
	"ecommerce-platform/policy/update"
)

// malformed are Deployments that the API server would refuse.
func malformed(stack *model.Stack) []Finding {
	var findings []Finding
	for _, d := range stack.Deployments {
		if d.Malformed != nil {
			findings = append(findings, Finding{Resource: d.URN, Message: fmt.Sprintf(
				"%s; correct the value, no pod of it can be made", d.Malformed)})
		}
	}
	return findings
}

// pending are pods that no node takes, but for those of a rollout that this stops, which says so itself.
func pending(s *placement.Simulation, rolled []rollout.Rollout) []Finding {
	var findings []Finding
	said := map[string]bool{}
	for _, r := range rolled {
		said[r.URN] = !r.Completes
	}
	for _, tier := range s.TierPlacements() {
		if tier.Pending == 0 || said[tier.URN] {
			continue
		}
		findings = append(findings, unplaced(tier, "pods"))
	}
	for _, outcome := range s.SystemPending() {
		if outcome.Ended {
			findings = append(findings, Finding{Message: fmt.Sprintf("pod %s/%s is %s; declare a Deployment of one pod in its place, or keep a place for it",
				outcome.Pod.Namespace, outcome.Pod.Name, outcome.Reason)})
			continue
		}
		if outcome.Refusal != nil {
			findings = append(findings, Finding{Message: fmt.Sprintf("pod %s/%s is never made: %s; %s",
				outcome.Pod.Namespace, outcome.Pod.Name, outcome.Reason, outcome.Refusal.Remedy())})
			continue
		}
		findings = append(findings, Finding{Message: fmt.Sprintf(
			"pod %s/%s stays Pending, the scheduler says: %s; the cluster needs it, so give nodes more room or fewer taints",
			outcome.Pod.Namespace, outcome.Pod.Name, outcome.Reason)})
	}
	return findings
}

// unplaced says of a tier that some of its pods go nowhere.
func unplaced(tier placement.TierPlacement, pods string) Finding {
	become, remedy := "stay Pending, the scheduler says", "change what the pod asks for, or add or change a node that has it"
	switch {
	case tier.Refused == tier.Pending:
		become, remedy = "are never made", refused(tier)
	case tier.Refused > 0:
		become, remedy = fmt.Sprintf("stay Pending, %d of them are never made", tier.Refused), remedy+"; "+refused(tier)
	}
	return Finding{Resource: tier.URN, Message: fmt.Sprintf("%s %s: %d of %d %s %s: %s; %s", strings.ToLower(cmp.Or(tier.Kind, "Deployment")),
		tier.Tier, tier.Pending, tier.Replicas, pods, become, strings.Join(tier.Reasons, " "), remedy)}
}

// refused is what to do about pods that the API server does not let come to be.
func refused(tier placement.TierPlacement) string {
	return (&admission.Refusal{By: strings.Join(tier.RefusedBy, " and the ")}).Remedy()
}

// stuck are rollouts that never finish.
func stuck(rollouts []rollout.Rollout) []Finding {
	var findings []Finding
	for _, r := range rollouts {
		if !r.Completes {
			becomes := "stays Pending"
			if r.Refusal != nil {
				becomes = "is never made"
			}
			findings = append(findings, Finding{Resource: r.URN, Message: fmt.Sprintf(
				"%s %s: a rollout with %s never finishes, the new pod %s: %s; %s",
				strings.ToLower(r.Kind), r.Tier, r.Strategy, becomes, r.Stuck, r.Remedy)})
		}
		if len(r.Preempts) > 0 {
			findings = append(findings, Finding{Resource: r.URN, Message: fmt.Sprintf(
				"%s %s: new pods of a rollout with %s preempt pods of %s, which then find no node; give nodes more room, or the class preemptionPolicy: Never",
				strings.ToLower(r.Kind), r.Tier, r.Strategy, strings.Join(r.Preempts, ", "))})
		}
	}
	return findings
}

// held are budgets that hold up the drain of a node that this update wants to change.
func held(nodes []update.NodeChange) []Finding {
	var findings []Finding
	for _, node := range nodes {
		for _, blocked := range node.Blocked {
			findings = append(findings, Finding{Resource: blocked.URN, Message: fmt.Sprintf(
				"node %s %s in this update, which waits for pod %s: %s; let the budget allow it, or add a node that the pod may move to",
				node.Node, node.What, blocked.Pod, blocked.Reason)})
		}
	}
	return findings
}

// awaited are objects whose pods find a node only once something has gone, which Pulumi does not come to.
func awaited(s *placement.Simulation, waits []update.Wait) []Finding {
	said := map[string]bool{}
	for _, tier := range s.TierPlacements() {
		said[tier.URN] = tier.Pending > 0
	}
	var findings []Finding
	for _, wait := range waits {
		if !said[wait.URN] {
			findings = append(findings, Finding{Resource: wait.URN, Message: fmt.Sprintf(
				"%s waits for what goes in this update: %s; Pulumi gives up waiting before it takes anything away, so take it away in an update of its own",
				wait.Tier, wait.Reason)})
		}
	}
	return findings
}

// ended are pods that a drain of this update ends for good, though the program still declares them.
func ended(nodes []update.NodeChange) []Finding {
	var findings []Finding
	for _, node := range nodes {
		for _, pod := range node.Ended {
			if pod.URN != "" {
				findings = append(findings, Finding{Resource: pod.URN, Message: fmt.Sprintf(
					"node %s %s in this update, which ends pod %s, and nothing makes it again; declare a Deployment of one pod in its place",
					node.Node, node.What, pod.Pod)})
			}
		}
	}
	return findings
}

// undrained are budgets that allow no eviction at all. One that only waits for another node is in the report's table.
func undrained(drains []rollout.Drain) []Finding {
	var findings []Finding
	seen := map[string]bool{}
	for _, drain := range drains {
		for _, blocked := range drain.Blocked {
			if !blocked.Never || seen[blocked.URN] {
				continue
			}
			seen[blocked.URN] = true
			findings = append(findings, Finding{Resource: blocked.URN, Message: fmt.Sprintf(
				"node %s can never be drained: %s; %s", drain.Node, blocked.Reason, blocked.Remedy)})
		}
	}
	return findings
}

// unreached are paths that are not as they must be. Those with the same remedy are one finding.
func unreached(paths []reach.Path) []Finding {
	var findings []Finding
	at := map[string]int{}
	more := map[int]int{}
	for _, path := range paths {
		if !path.Broken() {
			continue
		}
		key := path.Resource + "\n" + path.Remedy
		if i, ok := at[key]; ok {
			more[i]++
			continue
		}
		at[key] = len(findings)
		findings = append(findings, Finding{Resource: path.Resource, Message: fmt.Sprintf(
			"%s from %s to %s (%s) is %s; %s", path.What, path.From, path.To, path.Ports, path.State, path.Remedy)})
	}
	for i, n := range more {
		findings[i].Message += fmt.Sprintf(" (%d more paths with the same remedy)", n)
	}
	return findings
}
