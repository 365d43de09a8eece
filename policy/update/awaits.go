package update

import "ecommerce-platform/policy/placement"

// Wait is an object that is new or has more pods, and has a pod without a node before the nodes and objects go that the program no
// longer has. Pulumi waits for it, fails after its 10 minutes, and takes nothing away.
// It does not wait for a ReplicaSet, and for what an operator makes of a custom resource only where an annotation says so.
// Source: https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/ (await logic).
type Wait struct {
	Tier, URN string
	// Reason is the scheduler's own, or the API server's.
	Reason string
}

// awaits notes what Pulumi waits for in vain, but for rollouts that say so themselves.
func (r *run) awaits() error {
	noted := map[*placement.Tier]bool{}
	for _, pod := range r.waiting {
		tier := r.TierOf(pod)
		if tier == nil || tier.Kind == "ReplicaSet" || tier.Postgres != nil && !tier.Postgres.Awaited() || noted[tier] || !r.grows(tier) {
			continue
		}
		noted[tier] = true
		r.update.Waits = append(r.update.Waits, Wait{tier.Name(), tier.Resource.URN, r.decided[placement.Key(pod)].Reason})
	}
	return nil
}

// grows tells whether the tier is new or has more pods than before.
func (r *run) grows(tier *placement.Tier) bool {
	was := r.before.Counterpart(tier)
	return was == nil || was.Replicas() < tier.Replicas()
}
