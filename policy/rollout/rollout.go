// Package rollout tells whether a Deployment's pods can be replaced by new ones on the declared nodes, and how few of them
// serve meanwhile. It replays what the Deployment controller does and asks the real scheduler about each new pod.
package rollout

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	deploymentutil "k8s.io/kubernetes/pkg/controller/deployment/util"

	"ecommerce-platform/policy/admission"
	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/placement"
)

// Rollout is the replacement of every pod of one Deployment.
type Rollout struct {
	Tier     string `json:"tier"`
	Kind     string `json:"-"`
	URN      string `json:"-"`
	Strategy string `json:"strategy"`
	Replicas int    `json:"replicas"`
	// Now is set where the change under review replaces the pods, from the template that runs to the declared one. Otherwise it
	// is what a later change of nothing but, say, the image would do.
	Now bool `json:"now,omitempty"`
	// Completes is whether every pod is replaced in the end.
	Completes bool `json:"completes"`
	// Lowest is how few pods are ready at the worst time, if every new pod becomes ready.
	Lowest int `json:"lowestAvailable"`
	// Doubt is why it does not where pods come in another order, or get another of equal nodes; empty where it completes all the same.
	Doubt string `json:"doubt,omitempty"`
	// Stuck says why it does not complete, in the scheduler's own words or the API server's, and Remedy what to change.
	Stuck  string `json:"stuck,omitempty"`
	Remedy string `json:"remedy,omitempty"`
	// Refusal is set where it does not complete because the API server does not let a new pod come to be.
	Refusal *admission.Refusal `json:"-"`
	// Preempts are what new pods leave without a node that had one, by name, once all are there.
	Preempts []string `json:"preempts,omitempty"`
	// Displaced are the decisions about the pods that came in place of those which new pods have preempted.
	Displaced []placement.Outcome `json:"-"`
	// Waiting are the decisions about the new pods that wait for a node where it does not complete, or are not made.
	Waiting []placement.Outcome `json:"-"`
	// Waves is how often it waits for new pods to become ready.
	Waves int `json:"-"`
}

// Analyze replays a rollout of each Deployment, one at a time, from the settled cluster, but for those of the given ones, which
// have been rolled. Deployments with a pod that is Pending to begin with are left out: what keeps that pod off is the fault then,
// and it is reported as such.
func Analyze(s *placement.Simulation, rolled ...Rollout) ([]Rollout, error) {
	known := map[string]Rollout{}
	for _, r := range rolled {
		known[r.URN] = r
	}
	pending := map[string]bool{}
	for _, p := range s.TierPlacements() {
		pending[p.URN] = p.Pending > 0
	}
	var rollouts []Rollout
	for _, tier := range s.Tiers {
		if r, ok := known[tier.Resource.URN]; ok {
			rollouts = append(rollouts, r)
			continue
		}
		if tier.Replicas() == 0 || tier.Keeps || pending[tier.Resource.URN] {
			continue
		}
		if err := s.Cluster.Restore(s.Settled); err != nil {
			return nil, err
		}
		r, _, err := Roll(s, tier)
		if err != nil {
			return nil, err
		}
		if r.Preempts, err = Unplaced(s, r.Displaced); err != nil {
			return nil, err
		}
		rollouts = append(rollouts, r)
	}
	return rollouts, s.Cluster.Restore(s.Settled)
}

// bounds are how many pods there may be and how many must be ready, as the Deployment controller rounds them.
func bounds(tier *placement.Tier) (surge, unavailable int, strategy string) {
	s := tier.Deployment.Spec.Strategy
	if s.Type == appsv1.RecreateDeploymentStrategyType || s.RollingUpdate == nil {
		return 0, tier.Replicas(), recreate
	}
	more, fewer, err := deploymentutil.ResolveFenceposts(s.RollingUpdate.MaxSurge, s.RollingUpdate.MaxUnavailable, int32(tier.Replicas()))
	if err != nil {
		more, fewer = 0, 1 // neither a number nor a percentage, which the API server refuses
	}
	surge, unavailable = int(more), min(int(fewer), tier.Replicas())
	if tier.Postgres != nil {
		return surge, unavailable, replaces(tier.Postgres)
	}
	return surge, unavailable, fmt.Sprintf("RollingUpdate, surge %d, unavailable %d", surge, unavailable)
}

const recreate = "Recreate"

// replaces is how the operator replaces the instances of a database.
func replaces(p *model.Postgres) string {
	primary := "the primary"
	if p.Instances() > 1 {
		primary = "standbys first, then the primary"
	}
	how := "in its place"
	if p.SwitchesOver() {
		how = "after a switchover"
	}
	if p.Supervised() {
		how += ", when a person says so"
	}
	return fmt.Sprintf("CloudNativePG, %s %s", primary, how)
}

// Begin ends as many of the tier's running pods as its strategy lets be away before a new one is there.
func Begin(s *placement.Simulation, tier *placement.Tier) error {
	_, unavailable, _ := bounds(tier)
	var pods []*corev1.Pod
	for _, pod := range s.Cluster.Pods() {
		if tier.Owns(pod) {
			pods = append(pods, pod)
		}
	}
	for _, pod := range pods[max(0, tier.Replicas()-unavailable):] {
		if err := s.Cluster.Remove(pod); err != nil {
			return err
		}
	}
	return nil
}

// Roll replaces the tier's running pods by those of its template as fast as the strategy allows: it adds new pods up to the allowed
// maximum and removes old ones down to the allowed minimum, in turn, until nothing moves. It goes on where an earlier call had to
// stop, and tells whether it moved anything.
func Roll(s *placement.Simulation, tier *placement.Tier) (r Rollout, moved bool, err error) {
	surge, unavailable, strategy := bounds(tier)
	r = Rollout{Tier: tier.Name(), Kind: tier.Kind, URN: tier.Resource.URN, Strategy: strategy, Replicas: tier.Replicas()}
	var old, fresh []*corev1.Pod
	for _, pod := range s.Cluster.Pods() {
		switch {
		case !tier.Owns(pod):
		case placement.Revision(pod) == placement.Next:
			fresh = append(fresh, pod)
		default:
			old = append(old, pod)
		}
	}
	r.Lowest = min(tier.Replicas(), len(old)+len(fresh))
	ends := &ending{cluster: s.Cluster, lingers: s.Course.Lingers() && tier.Kind == "Deployment" && strategy != recreate}
	for len(old) > 0 || len(fresh) < tier.Replicas() {
		progress, ready := false, len(fresh)
		// New pods first, as the controller does; each one that finds a node becomes ready, but is not when old ones may go already. Recreate
		// removes all the old ones before.
		r.Stuck, r.Refusal, r.Waiting = "", nil, nil
		for _, pod := range coming(tier, old, fresh) {
			if len(old)+len(fresh)+len(r.Waiting) >= tier.Replicas()+surge || strategy == recreate && len(old) > 0 {
				break
			}
			outcome, err := ends.schedule(pod)
			if err != nil {
				return r, moved, err
			}
			if old, err = r.displace(s, tier, old, outcome.Displaced); err != nil {
				return r, moved, err
			}
			r.Lowest = min(r.Lowest, len(old)+ready)
			if outcome.Node == "" {
				r.wait(outcome)
				continue
			}
			fresh, progress = append(fresh, outcome.Pod), true
		}
		for _, ready := range []int{ready, len(fresh)} {
			for len(old) > 0 && len(old)+ready > tier.Replicas()-unavailable {
				if err := ends.end(old[len(old)-1]); err != nil {
					return r, moved, err
				}
				old, progress = old[:len(old)-1], true
			}
			r.Lowest = min(r.Lowest, len(old)+ready)
		}
		if !progress {
			r.Remedy = remedy(tier, surge, r.Refusal)
			return r, moved, nil
		}
		moved = true
		r.Waves++
	}
	r.Completes, r.Stuck, r.Refusal, r.Waiting = true, "", nil, nil
	return r, moved, ends.all()
}

// coming are the new pods that are still to find a node, those that wait already among them: the controller makes as many as it may,
// whether or not the first one has found any. An instance of a database comes once the one is gone that has its volume.
func coming(tier *placement.Tier, old, fresh []*corev1.Pod) []*corev1.Pod {
	there, wanted := map[int]bool{}, tier.Replicas()-len(fresh)
	for _, pod := range fresh {
		there[placement.Number(pod)] = true
	}
	if tier.Postgres != nil {
		wanted -= len(old)
		for _, pod := range old {
			there[placement.Number(pod)] = true
		}
	}
	var pods []*corev1.Pod
	for number := 1; len(pods) < wanted; number++ {
		if !there[number] {
			pods = append(pods, tier.Pod(placement.Next, number))
		}
	}
	return pods
}

// wait notes a new pod without a node. The first one says why.
func (r *Rollout) wait(outcome placement.Outcome) {
	if len(r.Waiting) == 0 {
		r.Stuck, r.Refusal = outcome.Reason, outcome.Refusal
	}
	r.Waiting = append(r.Waiting, outcome)
}

func remedy(tier *placement.Tier, surge int, refusal *admission.Refusal) string {
	usesClaims := slices.ContainsFunc(tier.Deployment.Spec.Template.Spec.Volumes, func(v corev1.Volume) bool {
		return v.PersistentVolumeClaim != nil
	})
	switch {
	case refusal != nil:
		return refusal.Remedy()
	case surge == 0:
		return "change what the pod asks for, or add or change a node that has it"
	case usesClaims:
		return "use the strategy Recreate: the volume holds the new pod where the old one still is"
	}
	return "set maxSurge 0 and maxUnavailable 1, so that an old pod goes before a new one comes, or add a node that fits"
}
