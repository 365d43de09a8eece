package trial

import (
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// tier is an object that makes pods, with what belongs to it.
type tier struct {
	kind, name string
	replicas   int32
	// completions is how many pods of a run of a CronJob are to end well. Replicas is how many of them there may be at once.
	completions int32
	template    corev1.PodTemplateSpec
	// strategy is a Deployment's. Default, the API server's.
	strategy appsv1.DeploymentStrategy
	budget   *policyv1.PodDisruptionBudgetSpec
	service  bool
	// volumeOn is the node whose disk holds the tier's volume, if it has one. Bound says that the volume names its claim.
	volumeOn string
	bound    bool
}

// kinds are those that make pods, the common ones more often.
var kinds = []string{
	"Deployment", "Deployment", "Deployment", "Deployment", "Deployment", "StatefulSet", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Pod",
}

// tierLabel is on every pod of a tier.
const tierLabel = "name"

func (g generator) tier(s *stack) *tier {
	kind := one(g, kinds)
	name := fmt.Sprintf("tier-%d", s.next(func(i int) bool { return s.tier(fmt.Sprintf("tier-%d", i)) != nil }))
	t := &tier{kind: kind, name: name, replicas: int32(1 + g.IntN(3)), service: g.often(40)}
	if kind == "Pod" || kind == "DaemonSet" {
		t.replicas = 1
	}
	t.template = g.template(name)
	switch {
	case kind != "Deployment" || g.often(30):
	case g.often(20):
		t.strategy.Type = appsv1.RecreateDeploymentStrategyType
	default:
		t.strategy = g.rolling()
	}
	if g.often(45) {
		t.budget = g.budget(t)
	}
	if (kind == "Deployment" || kind == "StatefulSet" || kind == "Pod") && g.often(15) {
		t.replicas, t.bound = 1, g.often(60)
		t.volumeOn = s.nodes[one(g, s.workers())].name
		t.template.Spec.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: name},
		}}}
	}
	return t
}

func (g generator) rolling() appsv1.DeploymentStrategy {
	pairs := [][2]intstr.IntOrString{
		{intstr.FromInt32(1), intstr.FromInt32(0)}, {intstr.FromInt32(0), intstr.FromInt32(1)}, {intstr.FromInt32(1), intstr.FromInt32(1)},
		{intstr.FromString("50%"), intstr.FromString("0%")}, {intstr.FromString("0%"), intstr.FromString("50%")},
	}
	pair := one(g, pairs)
	return appsv1.DeploymentStrategy{
		Type: appsv1.RollingUpdateDeploymentStrategyType, RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: &pair[0], MaxUnavailable: &pair[1]},
	}
}

func (g generator) budget(t *tier) *policyv1.PodDisruptionBudgetSpec {
	spec := &policyv1.PodDisruptionBudgetSpec{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{tierLabel: t.name}}}
	value := one(g, []intstr.IntOrString{intstr.FromInt32(1), intstr.FromInt32(1), intstr.FromInt32(1), intstr.FromString("50%"), intstr.FromInt32(0)})
	if g.often(35) {
		value = one(g, []intstr.IntOrString{intstr.FromInt32(1), intstr.FromString("50%"), intstr.FromInt32(max(1, t.replicas-1))})
		spec.MinAvailable = &value
		return spec
	}
	spec.MaxUnavailable = &value
	return spec
}

// template is that of a pod. Most ask for little and go anywhere.
func (g generator) template(name string) corev1.PodTemplateSpec {
	template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{tierLabel: name}}}
	template.Spec.NodeSelector = map[string]string{caseLabel: g.name}
	template.Spec.Containers = []corev1.Container{{
		Name: "main", Image: "registry.example/main:1", Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse(one(g, cpus)), corev1.ResourceMemory: resource.MustParse(one(g, memories)),
		}},
	}}
	if g.often(8) {
		template.Spec.NodeSelector["group"] = one(g, groups)
	}
	if g.often(60) {
		template.Spec.Tolerations = append(template.Spec.Tolerations, corev1.Toleration{Key: "group", Operator: corev1.TolerationOpExists})
	}
	if g.often(6) {
		template.Spec.Containers[0].Ports = []corev1.ContainerPort{{ContainerPort: 80, HostPort: int32(8080 + g.IntN(2)), Protocol: corev1.ProtocolTCP}}
	}
	template.Spec.Affinity = g.affinity(name)
	if g.often(8) {
		template.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{
			MaxSkew: 1, TopologyKey: one(g, []string{corev1.LabelTopologyZone, corev1.LabelHostname}),
			WhenUnsatisfiable: one(g, []corev1.UnsatisfiableConstraintAction{corev1.DoNotSchedule, corev1.ScheduleAnyway}), LabelSelector: named(name),
		}}
	}
	return template
}

func named(name string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{tierLabel: name}}
}

func (g generator) affinity(name string) *corev1.Affinity {
	a := &corev1.Affinity{}
	if g.often(6) {
		a.NodeAffinity = &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
			NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: []corev1.NodeSelectorRequirement{g.requirement()}}},
		}}
	}
	if g.often(15) {
		if a.NodeAffinity == nil {
			a.NodeAffinity = &corev1.NodeAffinity{}
		}
		a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution = []corev1.PreferredSchedulingTerm{{
			Weight: int32(1 + g.IntN(100)), Preference: corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{g.requirement()}},
		}}
	}
	key := corev1.LabelHostname
	if g.often(20) {
		key = corev1.LabelTopologyZone
	}
	own := corev1.PodAffinityTerm{TopologyKey: key, LabelSelector: named(name)}
	switch {
	case g.often(10):
		a.PodAntiAffinity = &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{own}}
	case g.often(15):
		a.PodAntiAffinity = &corev1.PodAntiAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{
			{Weight: int32(1 + g.IntN(100)), PodAffinityTerm: own},
		}}
	}
	if g.often(4) {
		a.PodAffinity = &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{
			{TopologyKey: key, LabelSelector: named("tier-1")},
		}}
	}
	return a
}

func (g generator) requirement() corev1.NodeSelectorRequirement {
	switch g.IntN(3) {
	case 0:
		return corev1.NodeSelectorRequirement{Key: "storage", Operator: corev1.NodeSelectorOpIn, Values: []string{one(g, disks)}}
	case 1:
		return corev1.NodeSelectorRequirement{Key: "group", Operator: corev1.NodeSelectorOpNotIn, Values: []string{one(g, groups)}}
	default:
		return corev1.NodeSelectorRequirement{Key: corev1.LabelTopologyZone, Operator: corev1.NodeSelectorOpIn, Values: []string{one(g, zones)}}
	}
}

// tier returns the tier of that name, or nil.
func (s *stack) tier(name string) *tier {
	for _, t := range s.tiers {
		if t.name == name {
			return t
		}
	}
	return nil
}

// copy is another stack that is the same.
func (s *stack) copy() *stack {
	other := &stack{maxPods: s.maxPods, reserved: s.reserved, nodes: slices.Clone(s.nodes), bounds: s.bounds.copy()}
	for i, n := range s.nodes {
		other.nodes[i].labels, other.nodes[i].taints = maps.Clone(n.labels), slices.Clone(n.taints)
	}
	copies := func(tiers []*tier) (copied []*tier) {
		for _, t := range tiers {
			same := *t
			same.template, same.budget = *t.template.DeepCopy(), t.budget.DeepCopy()
			copied = append(copied, &same)
		}
		return copied
	}
	other.tiers, other.cronJobs = copies(s.tiers), copies(s.cronJobs)
	return other
}
