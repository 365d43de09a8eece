package nodeloss

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/placement"
	"ecommerce-platform/policy/update"
)

// Failover is what becomes of a database one of whose instances is lost.
type Failover struct {
	// Seconds is roughly how long nobody writes where the lost instance is the primary: until the node counts as lost, the database has waited
	// as long as it is told to, and a standby has taken over. It is 0 where none does before the API is back.
	Seconds int `json:"seconds"`
	// Noticed is the part of it until the node counts as lost.
	Noticed int `json:"noticedSeconds"`
	// WritesWait is set where fewer standbys are left than must have what is committed: commits wait until there are as many again.
	WritesWait bool `json:"writesWait,omitempty"`
	// LosesLast is set where a standby need not have what is committed: what it does not have yet is gone with the primary.
	LosesLast bool `json:"losesLast,omitempty"`
}

// spread is where the instances of a database are, by whether their nodes are lost.
type spread struct{ lost, left []*corev1.Pod }

// instancesBy are the instances of each database.
func instancesBy(s *placement.Simulation, gone []*model.Node) map[*placement.Tier]spread {
	instances := map[*placement.Tier]spread{}
	for _, pod := range s.Cluster.Pods() {
		tier := s.TierOf(pod)
		if tier == nil || tier.Postgres == nil {
			continue
		}
		of := instances[tier]
		if slices.ContainsFunc(gone, func(n *model.Node) bool { return n.Name == pod.Spec.NodeName }) {
			of.lost = append(of.lost, pod)
		} else {
			of.left = append(of.left, pod)
		}
		instances[tier] = of
	}
	return instances
}

// onlyOn are the claims on a lost node whose data no other instance has.
func (s spread) onlyOn(tier *placement.Tier, node string) []string {
	var claims []string
	for _, pod := range s.lost {
		if len(s.left) == 0 && pod.Spec.NodeName == node {
			for _, template := range tier.Postgres.Set.Value.Spec.VolumeClaimTemplates {
				claims = append(claims, pod.Namespace+"/"+tier.ClaimName(template.Name, placement.Number(pod)))
			}
		}
	}
	return claims
}

// databaseOf is the database whose instances take volumes of this one's class, nil where none does.
func databaseOf(s *placement.Simulation, volume *corev1.PersistentVolume) *placement.Tier {
	for _, tier := range s.Tiers {
		if tier.Takes(volume) {
			return tier
		}
	}
	return nil
}

// failoverOf is what becomes of a database, nil where it loses no instance or all of them. A node may be silent for as long before it counts as
// lost; 0 is as long as usual.
func failoverOf(tier *placement.Tier, instances spread, apiGone bool, silence time.Duration) (*Failover, error) {
	if tier.Postgres == nil || len(instances.lost) == 0 || len(instances.left) == 0 {
		return nil, nil
	}
	times, err := update.ReadTimes()
	if err != nil {
		return nil, err
	}
	f := &Failover{Noticed: times.NodeNoticed.Seconds}
	if silence > 0 {
		f.Noticed = int(silence.Seconds())
	}
	f.Seconds = f.Noticed + int(tier.Postgres.Value.Spec.FailoverDelay) + times.Promotion.Seconds
	if apiGone {
		f.Seconds, f.Noticed = 0, 0
	}
	// One of those that are left is the primary, and the others are standbys.
	needed, waits := tier.Postgres.Synchronous()
	f.WritesWait = waits && len(instances.left)-1 < needed
	f.LosesLast = needed == 0
	return f, nil
}
