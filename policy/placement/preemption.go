package placement

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1helpers "k8s.io/component-helpers/scheduling/corev1"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/defaultpreemption"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/feature"
)

// newPreemption is the scheduler's own plugin, looking at every node.
func newPreemption(ctx context.Context, handle fwk.Handle) (*defaultpreemption.DefaultPreemption, error) {
	args := &config.DefaultPreemptionArgs{MinCandidateNodesPercentage: 100, MinCandidateNodesAbsolute: 100}
	return defaultpreemption.New(ctx, args, handle, feature.Features{})
}

// victims asks the scheduler which pods of less priority must go for one that fits nowhere, and from which node; none where that would
// not help, or where the pod's class preempts nobody.
func (s *Scheduler) victims(cycle fwk.CycleState, pod *corev1.Pod, unfit *framework.FitError, budgets []*policyv1.PodDisruptionBudget) (string, []*corev1.Pod, error) {
	if eligible, _ := s.preemption.PodEligibleToPreemptOthers(s.ctx, pod, nil); !eligible {
		return "", nil, nil
	}
	nodes, err := unfit.Diagnosis.NodeToStatus.NodesForStatusCode(s.fwk.SnapshotSharedLister().NodeInfos(), fwk.Unschedulable)
	if err != nil || len(nodes) == 0 {
		return "", nil, err
	}
	candidates, _, err := s.preemption.Evaluator.DryRunPreemption(s.ctx, cycle, pod, nodes, budgets, 0, int32(len(nodes)))
	if len(candidates) == 0 {
		return "", nil, err
	}
	best := s.preemption.Evaluator.SelectCandidate(s.ctx, candidates)
	return best.Name(), best.Victims().Pods, nil
}

// preempts tells whether there is a pod of less priority than this one, without which nobody is preempted.
func (c *Cluster) preempts(pod *corev1.Pod) bool {
	for _, b := range c.s.world.pods {
		if corev1helpers.PodPriority(b.pod) < corev1helpers.PodPriority(pod) {
			return true
		}
	}
	return false
}

// preempt makes room for a pod that fits nowhere, puts it there, and offers the scheduler what comes in place of the pods that went. Those
// are less important, so that in the end nobody is left to preempt.
func (c *Cluster) preempt(pod *corev1.Pod, d decision) (Outcome, error) {
	if d.unfit == nil || !c.preempts(pod) {
		return d.Outcome, nil
	}
	node, victims, err := c.s.victims(d.cycle, pod, d.unfit, allowances(c.budgets()))
	if err != nil {
		return d.Outcome, fmt.Errorf("pod %s: %w", key(pod), err)
	}
	if len(victims) == 0 {
		return d.Outcome, nil
	}
	for _, victim := range victims {
		if err := c.Remove(victim); err != nil {
			return d.Outcome, err
		}
	}
	nominated := pod.DeepCopy()
	nominated.Status.NominatedNodeName = node
	again, err := c.s.decide(nominated)
	if err != nil {
		return d.Outcome, err
	}
	outcome := again.Outcome
	outcome.Pod = pod
	if outcome.Node != "" {
		if outcome, err = c.bind(pod, again); err != nil {
			return outcome, err
		}
	}
	for _, victim := range victims {
		displaced, err := c.displace(victim, pod)
		if err != nil {
			return outcome, err
		}
		outcome.Displaced = append(outcome.Displaced, displaced...)
	}
	return outcome, nil
}

// displace offers the scheduler the pod that comes in place of a preempted one, if anything makes it again.
func (c *Cluster) displace(victim, by *corev1.Pod) ([]Outcome, error) {
	reason := fmt.Sprintf("preempted by %s (priority %d)", maker(by), corev1helpers.PodPriority(by))
	owner := metav1.GetControllerOfNoCopy(victim)
	if owner == nil {
		return []Outcome{{Pod: victim, Victim: victim, Ended: true, Reason: reason + ", and nothing makes it again"}}, nil
	}
	next := c.Successor(victim)
	if owner.Kind == "DaemonSet" { // each node has one of its own, which keeps its name here
		next.Name, next.UID = victim.Name, victim.UID
	}
	c.s.world.preempted[key(next)] = reason
	outcome, err := c.Schedule(next)
	outcome.Victim = victim
	further := outcome.Displaced
	outcome.Displaced = nil
	return append([]Outcome{outcome}, further...), err
}

// maker names what makes a pod.
func maker(pod *corev1.Pod) string {
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil {
		return pod.Name
	}
	return strings.TrimSuffix(strings.TrimSuffix(owner.Name, "-"+Running), "-"+Next)
}

// started is a time for each pod, one after the other: of pods of one priority the last ones go first.
func (c *Cluster) started() *metav1.Time {
	c.s.starts++
	return &metav1.Time{Time: time.Unix(c.s.starts, 0)}
}
