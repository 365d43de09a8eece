package update

import (
	"fmt"
	"slices"
	"sort"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubernetes/pkg/controller"

	"ecommerce-platform/policy/placement"
	"ecommerce-platform/policy/rollout"
)

// deployments scales what runs, with the template that it runs with, as the Deployment controller does first, and then rolls what has
// another template. A rollout that stops for want of room goes on when another one has made some.
func (r *run) deployments() error {
	var rolling []*placement.Tier
	for _, tier := range placement.Mixed(r.Course, r.Tiers) {
		was := r.before.Counterpart(tier)
		if was == nil {
			was = tier
		}
		if err := r.scale(was, tier.Replicas()); err != nil {
			return err
		}
		if same, _ := was.SameTemplate(tier); !same && !tier.Keeps {
			rolling = append(rolling, tier)
		}
	}
	if err := r.retry(); err != nil {
		return err
	}
	rollouts := make([]rollout.Rollout, len(rolling))
	for progress := true; progress; {
		progress = false
		for i, tier := range rolling {
			if rollouts[i].Completes {
				continue
			}
			// Pods that never became ready go first, and nobody misses them.
			r.forget(func(pod *corev1.Pod) bool { return tier.Owns(pod) && placement.Revision(pod) != placement.Next })
			result, moved, err := rollout.Roll(r.Simulation, tier)
			if err != nil {
				return err
			}
			if rollouts[i].Tier != "" {
				result.Lowest = min(result.Lowest, rollouts[i].Lowest)
			}
			result.Now = true
			rollouts[i], progress = result, progress || moved
		}
	}
	for i, tier := range rolling {
		for number := range rollouts[i].Pending {
			pod := tier.Pod(placement.Next, tier.Replicas()-number)
			r.decided[placement.Key(pod)] = placement.Outcome{Pod: pod, Reason: rollouts[i].Stuck}
			r.waiting = append(r.waiting, pod)
		}
		if rollouts[i].Lowest == 0 && tier.Replicas() > 0 {
			outage := Outage{
				Tier: tier.Name(), While: "it rolls (" + rollouts[i].Strategy + ")", Until: "the new pod is ready",
				Seconds: r.times.Evict.Seconds + r.times.PodReady.Seconds,
			}
			if !rollouts[i].Completes {
				outage.Until, outage.Seconds, outage.Open = "another change", 0, true
			}
			r.update.Outages = append(r.update.Outages, outage)
		}
	}
	r.update.Rollouts = rollouts
	return nil
}

// scale makes or ends pods of the template that runs until there are as many as wanted.
func (r *run) scale(tier *placement.Tier, wanted int) error {
	var pods []*corev1.Pod
	names := map[string]bool{}
	for _, pod := range slices.Concat(r.waiting, r.Cluster.Pods()) {
		if tier.Owns(pod) {
			pods, names[pod.Name] = append(pods, pod), true
		}
	}
	for number := 1; len(pods) < wanted; number++ {
		if pod := tier.Pod(placement.Running, number); !names[pod.Name] {
			if err := r.schedule(pod); err != nil {
				return err
			}
			pods = append(pods, pod)
		}
	}
	if len(pods) == wanted {
		return nil
	}
	rank(pods)
	for _, pod := range pods[:len(pods)-wanted] {
		r.forget(func(waits *corev1.Pod) bool { return placement.Key(waits) == placement.Key(pod) })
		if err := r.Cluster.Remove(pod); err != nil {
			return err
		}
	}
	return nil
}

// rank orders pods as the ReplicaSet controller ends them: first those without a node, then where several share one.
func rank(pods []*corev1.Pod) {
	sort.Slice(pods, func(i, j int) bool { return placement.Key(pods[i]) > placement.Key(pods[j]) })
	shared := map[string]int{}
	for _, pod := range pods {
		shared[pod.Spec.NodeName]++
	}
	ranks := make([]int, len(pods))
	for i, pod := range pods {
		ranks[i] = shared[pod.Spec.NodeName]
	}
	sort.Stable(controller.ActivePodsWithRanks{Pods: pods, Rank: ranks, Now: metav1.Time{}})
}

// whose names the Deployment that a pod belongs to, or the pod's own controller.
func (r *run) whose(pod *corev1.Pod) string {
	for _, s := range []*placement.Simulation{r.Simulation, r.before} {
		if tier := s.TierOf(pod); tier != nil {
			return tier.Name()
		}
	}
	if owner := metav1.GetControllerOfNoCopy(pod); owner != nil {
		return owner.Name
	}
	return fmt.Sprintf("%s/%s", pod.Namespace, pod.Name)
}
