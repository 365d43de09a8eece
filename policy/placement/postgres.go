package placement

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/cloudnative-pg/cloudnative-pg/pkg/specs"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"ecommerce-platform/policy/model"
)

// noProvisioner is what a class says whose volumes are declared and not made.
// https://kubernetes.io/docs/concepts/storage/storage-classes/#local
const noProvisioner = "kubernetes.io/no-provisioner"

// postgres is the instances of a Cluster. Where the stack does not declare the class of their volumes, the pods are placed as if they had
// none.
func (s *Simulation) postgres(p *model.Postgres, set *appsv1.StatefulSet) *Tier {
	tier := statefulSet(p.Set.Resource, model.PostgresKind, set)
	tier.Postgres, tier.Names, tier.first, tier.seen = p, map[int]string{}, 1, true
	for _, claim := range tier.claims {
		class := s.class(claim.Spec.StorageClassName)
		if class == nil {
			tier.seen = false
			s.Stack.NotEvaluated(p.Resource, "spec.storage.storageClass")
			continue
		}
		tier.sticks = tier.sticks || class.Value.Provisioner == noProvisioner
	}
	return tier
}

// ClaimName is that of the claim for a volume that an instance has in the cluster.
func (t *Tier) ClaimName(volume string, number int) string {
	return t.Postgres.ClaimName(volume, cmp.Or(t.Names[number], specs.GetInstanceName(t.Name(), number)))
}

// class is that of a name which the stack declares, or nil.
func (s *Simulation) class(name *string) *model.Object[storagev1.StorageClass] {
	for i := range s.Stack.Classes {
		class := &s.Stack.Classes[i]
		if declared, _ := class.Text("metadata.name"); name != nil && class.Malformed == nil && declared == *name {
			return class
		}
	}
	return nil
}

// Takes tells whether a volume is of a class that the instances of the database take theirs from.
func (t *Tier) Takes(volume *corev1.PersistentVolume) bool {
	return t.Postgres != nil && slices.ContainsFunc(t.claims, func(claim corev1.PersistentVolumeClaim) bool {
		return claim.Spec.StorageClassName != nil && *claim.Spec.StorageClassName == volume.Spec.StorageClassName
	})
}

// volumes are those of a pod by its number.
func (t *Tier) volumes(number int) []corev1.Volume {
	if !t.seen {
		return nil
	}
	var volumes []corev1.Volume
	for i, claim := range t.claimsOf(number) {
		volumes = append(volumes, corev1.Volume{Name: t.claims[i].Name, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim.Name},
		}})
	}
	return volumes
}

// localClaims are the claims of a pod whose volumes are on one node and nowhere else.
func (s *Simulation) localClaims(pod *corev1.Pod) []string {
	var names []string
	for _, tier := range s.Tiers {
		if !tier.sticks || !tier.Owns(pod) {
			continue
		}
		for _, claim := range tier.claimsOf(Number(pod)) {
			names = append(names, claimKey(claim))
		}
	}
	return names
}

// settle remembers where the volumes of a pod are that stay there.
func (c *Cluster) settle(pod *corev1.Pod) {
	for _, claim := range c.local(pod) {
		c.s.world.homes[claim] = pod.Spec.NodeName
	}
}

// unsettle forgets where the volumes of a pod are.
func (c *Cluster) unsettle(pod *corev1.Pod) {
	for _, claim := range c.local(pod) {
		delete(c.s.world.homes, claim)
	}
}

// home is the node that a pod's volumes are on and cannot leave, empty where there is none yet.
func (c *Cluster) home(pod *corev1.Pod) string {
	for _, claim := range c.local(pod) {
		if node := c.s.world.homes[claim]; node != "" {
			return node
		}
	}
	return ""
}

// at is a pod that runs on this node or nowhere, as a volume that is bound to it asks for.
func at(pod *corev1.Pod, node string) *corev1.Pod {
	if node == "" {
		return pod
	}
	pod = pod.DeepCopy()
	if pod.Spec.Affinity == nil {
		pod.Spec.Affinity = &corev1.Affinity{}
	}
	if pod.Spec.Affinity.NodeAffinity == nil {
		pod.Spec.Affinity.NodeAffinity = &corev1.NodeAffinity{}
	}
	affinity := pod.Spec.Affinity.NodeAffinity
	if affinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		affinity.RequiredDuringSchedulingIgnoredDuringExecution = &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{}}}
	}
	terms := affinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
	for i := range terms {
		terms[i].MatchExpressions = append(terms[i].MatchExpressions, corev1.NodeSelectorRequirement{
			Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{node},
		})
	}
	return pod
}

// hold reserves the volumes that pods have on their nodes and cannot take away from there.
func (c *Cluster) hold() error {
	for _, pod := range c.Pods() {
		b := c.s.world.pods[key(pod)]
		if b.cycle != nil || len(c.local(pod)) == 0 {
			continue
		}
		if err := c.s.real.Cache.RemovePod(c.logger(), pod); err != nil {
			return fmt.Errorf("pod %s: %w", key(pod), err)
		}
		again := at(pod, pod.Spec.NodeName)
		again.Spec.NodeName = ""
		d, err := c.s.decide(again)
		if err != nil {
			return err
		}
		if d.Node == pod.Spec.NodeName && c.s.fwk.RunReservePluginsReserve(c.s.ctx, d.cycle, pod, d.Node).IsSuccess() {
			b.cycle = d.cycle
		}
		if err := c.s.real.Cache.AddPod(c.logger(), pod); err != nil {
			return fmt.Errorf("pod %s: %w", key(pod), err)
		}
	}
	return nil
}
