package update

import (
	"fmt"
	"maps"
	"slices"
	"sort"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubernetes/pkg/controller"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/placement"
	"ecommerce-platform/policy/rollout"
)

// deployments scales what runs, with the template that it runs with, as the Deployment controller does first, and then rolls what has
// another template. A rollout that stops for want of room goes on when another one has made some.
func (r *run) deployments() error {
	var rolling []*placement.Tier
	var rollouts []rollout.Rollout
	for _, tier := range placement.Mixed(r.Course, r.Tiers) {
		was := r.before.Counterpart(tier)
		if was == nil {
			was = tier
		}
		if err := r.scale(was, tier.Replicas()); err != nil {
			return err
		}
		r.settings(was, tier)
		if same, _ := was.SameTemplate(tier); same || tier.Keeps {
			continue
		}
		rolling, rollouts = append(rolling, tier), append(rollouts, rollout.Rollout{})
		if r.Course.ByTurns() {
			if _, err := r.roll(tier, &rollouts[len(rollouts)-1]); err != nil {
				return err
			}
		}
	}
	if err := r.retry(); err != nil {
		return err
	}
	if r.Course.Together() {
		for i, tier := range rolling {
			if rollouts[i].Tier != "" {
				continue // it has begun
			}
			if err := rollout.Begin(r.Simulation, tier); err != nil {
				return err
			}
		}
	}
	for progress := true; progress; {
		progress = false
		for i, tier := range rolling {
			if rollouts[i].Completes {
				continue
			}
			moved, err := r.roll(tier, &rollouts[i])
			if err != nil {
				return err
			}
			progress = progress || moved
		}
	}
	for i, tier := range rolling {
		for _, outcome := range rollouts[i].Waiting {
			r.noteOne(outcome)
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
		} else if p := tier.Postgres; p != nil && rollouts[i].Completes {
			r.update.Outages = append(r.update.Outages, r.primaryReplaced(p, rollouts[i]))
		}
	}
	r.update.Rollouts = rollouts
	return nil
}

// settings notes that PostgreSQL is to have other settings, for some of which the operator restarts it.
func (r *run) settings(was, is *placement.Tier) {
	const path = "spec.postgresql.parameters"
	if is.Postgres == nil || was.Postgres == nil {
		return
	}
	if before, after := was.Postgres.Value.Spec.PostgresConfiguration, is.Postgres.Value.Spec.PostgresConfiguration; !maps.Equal(before.Parameters, after.Parameters) {
		r.Stack.AddGap(model.Gap{
			Type: is.Postgres.Type, Name: is.Postgres.Name, Path: path, Fact: "for some settings CloudNativePG restarts the instances, the primary among them",
		})
	}
}

// primaryReplaced is a database with no primary while the last of its instances is replaced.
func (r *run) primaryReplaced(p *model.Postgres, rolled rollout.Rollout) Outage {
	o := Outage{
		Tier: rolled.Tier, While: "it rolls (" + rolled.Strategy + ")", Until: "another instance is the primary", Seconds: r.times.Switchover.Seconds,
	}
	if !p.SwitchesOver() {
		o.Until, o.Seconds = "the primary has started again", r.times.Evict.Seconds+r.times.PodReady.Seconds
	}
	return o
}

// roll goes on with a rollout, as far as that has come, and tells whether it moved anything.
func (r *run) roll(tier *placement.Tier, rolled *rollout.Rollout) (bool, error) {
	// Pods that never became ready go first, and nobody misses them.
	if err := r.forget(func(pod *corev1.Pod) bool { return tier.Owns(pod) && placement.Revision(pod) != placement.Next }); err != nil {
		return false, err
	}
	result, moved, err := rollout.Roll(r.Simulation, tier)
	if err != nil {
		return false, err
	}
	r.preempted(result.Displaced)
	if rolled.Tier != "" {
		result.Lowest = min(result.Lowest, rolled.Lowest)
	} else {
		result.Lowest = r.begins(tier, result.Lowest)
	}
	result.Now = true
	*rolled = result
	return moved, nil
}

// begins is how few pods of the tier are ready while it rolls, where so few would be if all were ready to begin with: those that it has
// more of than before, and those that come in place of evicted ones, may not be yet.
func (r *run) begins(tier *placement.Tier, lowest int) int {
	if was := r.before.Counterpart(tier); was != nil {
		lowest = min(lowest, was.Replicas())
	}
	return max(0, lowest-r.evicted[tier.Name()])
}

// scale makes or ends pods of the template that runs until there are as many as wanted.
func (r *run) scale(tier *placement.Tier, wanted int) error {
	var pods []*corev1.Pod
	names := map[string]bool{}
	for _, pod := range slices.Concat(r.waiting, r.Cluster.Pods()) {
		if tier.Owns(pod) {
			pods, names[placement.Original(pod)] = append(pods, pod), true
		}
	}
	for number := 1; len(pods) < wanted; number++ {
		if pod := tier.Pod(placement.Running, number); !names[placement.Key(pod)] {
			if err := r.schedule(pod); err != nil {
				return err
			}
			pods = append(pods, pod)
		}
	}
	if len(pods) == wanted {
		return nil
	}
	if tier.Postgres != nil { // the newest standby goes
		slices.SortFunc(pods, func(a, b *corev1.Pod) int { return placement.Number(b) - placement.Number(a) })
	} else {
		rank(pods)
	}
	for _, pod := range pods[:len(pods)-wanted] {
		if err := r.end(pod); err != nil {
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
