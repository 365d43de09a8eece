package update

import "ecommerce-platform/policy/placement"

// preempted takes over what became of the pods that another one has preempted, and notes the tiers that are left without any.
func (r *run) preempted(displaced []placement.Outcome) {
	moved := map[string]bool{}
	for _, outcome := range displaced {
		delete(r.decided, placement.Key(outcome.Victim))
		r.noteOne(outcome)
		moved[placement.Key(outcome.Pod)] = true
	}
	noted := map[*placement.Tier]bool{}
	for _, outcome := range displaced {
		tier := r.TierOf(outcome.Victim)
		if tier == nil || noted[tier] {
			continue
		}
		noted[tier] = true
		stays, starts := false, false
		for _, pod := range r.Cluster.Pods() {
			stays = stays || tier.Owns(pod) && !moved[placement.Key(pod)]
			starts = starts || tier.Owns(pod)
		}
		if stays {
			continue
		}
		o := Outage{Tier: tier.Name(), While: "pods of a higher priority preempt it"}
		if starts {
			o.Until, o.Seconds = "its pods have started elsewhere", r.times.Evict.Seconds+r.times.PodReady.Seconds
		} else {
			o.Until, o.Open = "a node has room for it", true
		}
		r.update.Outages = append(r.update.Outages, o)
	}
}
