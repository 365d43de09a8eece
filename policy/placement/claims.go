package placement

import (
	"fmt"
	"slices"

	"github.com/cloudnative-pg/cloudnative-pg/pkg/specs"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/storage/ephemeral"

	"ecommerce-platform/policy/admission"
)

func claimKey(claim *corev1.PersistentVolumeClaim) string { return claim.Namespace + "/" + claim.Name }

// usesClaims tells whether a pod has a volume of a claim that is there without it.
func usesClaims(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.PersistentVolumeClaim != nil })
}

func noClaims(*corev1.Pod) []*corev1.PersistentVolumeClaim { return nil }

// own are the claims that a controller makes for the volumes of one pod, and that go with it.
// https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/#generic-ephemeral-volumes
func own(pod *corev1.Pod) []*corev1.PersistentVolumeClaim {
	var claims []*corev1.PersistentVolumeClaim
	for i := range pod.Spec.Volumes {
		volume := &pod.Spec.Volumes[i]
		if volume.Ephemeral == nil || volume.Ephemeral.VolumeClaimTemplate == nil {
			continue
		}
		claim := &corev1.PersistentVolumeClaim{Spec: *volume.Ephemeral.VolumeClaimTemplate.Spec.DeepCopy()}
		claim.Namespace, claim.Name = pod.Namespace, ephemeral.VolumeClaimName(pod, volume)
		claims = append(claims, claim)
	}
	return claims
}

// withoutOwn is a pod without the volumes that are its own: where those come to be, nobody knows before.
func withoutOwn(pod *corev1.Pod) *corev1.Pod {
	mine := func(volume corev1.Volume) bool { return volume.Ephemeral != nil }
	if !slices.ContainsFunc(pod.Spec.Volumes, mine) {
		return pod
	}
	pod = pod.DeepCopy()
	pod.Spec.Volumes = slices.DeleteFunc(pod.Spec.Volumes, mine)
	return pod
}

// keptClaims are those that a StatefulSet makes before its pod, by the pod's number.
// Source: k8s.io/kubernetes, pkg/controller/statefulset/stateful_set_utils.go (getPersistentVolumeClaims).
func (s *Simulation) keptClaims(pod *corev1.Pod) []*corev1.PersistentVolumeClaim {
	var claims []*corev1.PersistentVolumeClaim
	for _, tier := range s.Tiers {
		if len(tier.claims) == 0 || !tier.Owns(pod) {
			continue
		}
		claims = append(claims, tier.claimsOf(Number(pod))...)
	}
	return claims
}

// claimsOf are the claims of a pod by its number.
func (t *Tier) claimsOf(number int) []*corev1.PersistentVolumeClaim {
	var claims []*corev1.PersistentVolumeClaim
	for _, template := range t.claims {
		claim := template.DeepCopy()
		claim.Namespace, claim.Name = t.Deployment.Namespace, fmt.Sprintf("%s-%s-%d", template.Name, t.Name(), t.first+number-1)
		if t.Postgres != nil {
			claim.Name = t.Postgres.ClaimName(template.Name, specs.GetInstanceName(t.Name(), number))
		}
		claims = append(claims, claim)
	}
	return claims
}

// putClaims adds the declared claims. One that the namespace has no room for is the policy namespace-has-room's to tell.
func (s *Simulation) putClaims(c *Cluster) error {
	if len(s.Stack.Quotas) == 0 {
		return nil
	}
	for _, declared := range s.Stack.Claims {
		if declared.Malformed != nil || !s.known(declared.Resource, "spec") || !s.known(declared.Resource, "metadata.namespace") {
			continue
		}
		claim := declared.Value.DeepCopy()
		claim.Namespace = declared.Namespace()
		if claim.Name == "" {
			claim.Name = declared.Name
		}
		if err := c.putClaim(claim); err != nil {
			return err
		}
	}
	return nil
}

// putClaim adds a claim that is there, unless it is already.
func (c *Cluster) putClaim(claim *corev1.PersistentVolumeClaim) error {
	if c.s.world.claims[claimKey(claim)] != nil {
		return nil
	}
	admitted, _, err := c.admission.AdmitClaim(claim)
	if err != nil {
		return err
	}
	c.s.world.claims[claimKey(claim)] = admitted
	return c.ledger.AddClaim(admitted)
}

// claim makes the claims that are not there yet, as far as the API server lets it.
func (c *Cluster) claim(claims []*corev1.PersistentVolumeClaim) (*admission.Refusal, error) {
	for _, claim := range claims {
		if c.s.world.claims[claimKey(claim)] != nil {
			continue
		}
		admitted, refusal, err := c.admission.AdmitClaim(claim)
		if err == nil && refusal == nil {
			refusal = c.ledger.RefusesClaim(admitted)
		}
		if err != nil {
			return nil, err
		}
		if refusal != nil {
			refusal.Claim = claim.Name
			return refusal, nil
		}
		if err := c.putClaim(claim); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// claimOwn makes the claims that are a pod's own. It is there before them, and waits where one is refused.
func (c *Cluster) claimOwn(pod *corev1.Pod) (*admission.Refusal, error) {
	return c.claim(own(c.Declared(pod)))
}

// unclaim takes a claim away, if there is one of this name.
func (c *Cluster) unclaim(name string) error {
	claim := c.s.world.claims[name]
	if claim == nil {
		return nil
	}
	delete(c.s.world.claims, name)
	return c.ledger.RemoveClaim(claim)
}

func (c *Cluster) restoreClaims(to map[string]*corev1.PersistentVolumeClaim) error {
	for name, claim := range c.s.world.claims {
		if to[name] != claim {
			if err := c.unclaim(name); err != nil {
				return err
			}
		}
	}
	for name, claim := range to {
		if c.s.world.claims[name] == nil {
			c.s.world.claims[name] = claim
			if err := c.ledger.AddClaim(claim); err != nil {
				return err
			}
		}
	}
	return nil
}
