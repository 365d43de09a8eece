package acceptance_test

import (
	"fmt"
	"math/rand/v2"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// scenario is nodes, and pods in the order in which they come. Where there are Deployments, the pods are those that the
// controller manager makes of them.
type scenario struct {
	Nodes       []*corev1.Node       `json:"nodes"`
	Pods        []*corev1.Pod        `json:"pods"`
	Deployments []*appsv1.Deployment `json:"-"`
	// ReplicaSets are what it makes on the way; the scheduler spreads the pods of each.
	ReplicaSets []*appsv1.ReplicaSet `json:"replicaSets,omitempty"`
	// The rest is what the API server asks about before it lets a pod come to be.
	LimitRanges     []*corev1.LimitRange          `json:"limitRanges,omitempty"`
	Quotas          []*corev1.ResourceQuota       `json:"quotas,omitempty"`
	RuntimeClasses  []*nodev1.RuntimeClass        `json:"runtimeClasses,omitempty"`
	PriorityClasses []*schedulingv1.PriorityClass `json:"priorityClasses,omitempty"`
}

// Values that nodes and pods have in common, few enough that they meet.
var (
	tiers    = []string{"frontend", "backend", "batch"}
	disks    = []string{"ssd", "hdd"}
	zones    = []string{"a", "b"}
	apps     = []string{"web", "api", "cache", "job"}
	effects  = []corev1.TaintEffect{corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute}
	cpus     = []string{"50m", "100m", "250m", "500m", "900m"}
	memories = []string{"64Mi", "128Mi", "512Mi", "1Gi"}
)

// generate makes the scenario of a seed: the same seed, the same scenario.
func generate(seed uint64) scenario {
	g := generator{rand.New(rand.NewPCG(seed, 0))}
	s := scenario{}
	for i := range 2 + g.IntN(5) {
		s.Nodes = append(s.Nodes, g.node(fmt.Sprintf("case-%d-node-%d", seed, i)))
	}
	if seed%4 == 3 {
		for i := range 1 + g.IntN(3) {
			s.Deployments = append(s.Deployments, g.deployment(fmt.Sprintf("case-%d-%d", seed, i)))
		}
		return s
	}
	for i := range 2 + g.IntN(9) {
		s.Pods = append(s.Pods, g.pod(fmt.Sprintf("case-%d-pod-%d", seed, i)))
	}
	return s
}

type generator struct{ *rand.Rand }

func (g generator) one(of []string) string { return of[g.IntN(len(of))] }

// often is true in so many cases of a hundred.
func (g generator) often(percent int) bool { return g.IntN(100) < percent }

func (g generator) node(name string) *corev1.Node {
	size := corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewMilliQuantity(int64(600+g.IntN(2600)), resource.DecimalSI),
		corev1.ResourceMemory: *resource.NewQuantity(int64(1+g.IntN(6))<<29+int64(g.IntN(64))<<20, resource.BinarySI),
		corev1.ResourcePods:   *resource.NewQuantity(int64(2+g.IntN(12)), resource.DecimalSI),
	}
	node := &corev1.Node{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Node"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
			corev1.LabelHostname: name, corev1.LabelTopologyZone: g.one(zones), "tier": g.one(tiers), "storage": g.one(disks),
		}},
		Status: corev1.NodeStatus{Capacity: size, Allocatable: size, Conditions: []corev1.NodeCondition{
			{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "Written", LastHeartbeatTime: metav1.Now(), LastTransitionTime: metav1.Now()},
		}},
	}
	if g.often(30) {
		node.Spec.Taints = []corev1.Taint{{Key: "tier", Value: g.one(tiers), Effect: effects[g.IntN(len(effects))]}}
	}
	node.Spec.Unschedulable = g.often(5)
	return node
}

func (g generator) pod(name string) *corev1.Pod {
	app := g.one(apps)
	pod := &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default", Labels: map[string]string{"app": app}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "main", Image: "registry.example/main:1", Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
				corev1.ResourceCPU: resource.MustParse(g.one(cpus)), corev1.ResourceMemory: resource.MustParse(g.one(memories)),
			}},
		}}},
	}
	if g.often(30) {
		pod.Spec.NodeSelector = map[string]string{"tier": g.one(tiers)}
	}
	if g.often(50) {
		pod.Spec.Tolerations = append(pod.Spec.Tolerations, corev1.Toleration{
			Key: "tier", Operator: corev1.TolerationOpEqual, Value: g.one(tiers), Effect: corev1.TaintEffectNoSchedule,
		})
	}
	if g.often(15) {
		pod.Spec.Tolerations = append(pod.Spec.Tolerations, corev1.Toleration{Key: "tier", Operator: corev1.TolerationOpExists})
	}
	if g.often(15) {
		pod.Spec.Containers[0].Ports = []corev1.ContainerPort{{ContainerPort: 80, HostPort: int32(8080 + g.IntN(2)), Protocol: corev1.ProtocolTCP}}
	}
	pod.Spec.Affinity = g.affinity(app)
	if g.often(15) {
		pod.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{
			MaxSkew: 1, TopologyKey: corev1.LabelTopologyZone, WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: labelled(app),
		}}
	}
	return pod
}

// deployment has pods of one kind, as many as there are.
func (g generator) deployment(name string) *appsv1.Deployment {
	pod := g.pod(name)
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default"},
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr(int32(1 + g.IntN(5))), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"name": name}},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"name": name, "app": pod.Labels["app"]}}, Spec: pod.Spec,
			},
		},
	}
}

func ptr[T any](value T) *T { return &value }

func (g generator) affinity(app string) *corev1.Affinity {
	affinity := &corev1.Affinity{}
	if g.often(20) {
		affinity.NodeAffinity = &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
			NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: []corev1.NodeSelectorRequirement{g.requirement()}}},
		}}
	}
	if g.often(20) {
		if affinity.NodeAffinity == nil {
			affinity.NodeAffinity = &corev1.NodeAffinity{}
		}
		affinity.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution = []corev1.PreferredSchedulingTerm{{
			Weight: int32(1 + g.IntN(100)), Preference: corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{g.requirement()}},
		}}
	}
	key := corev1.LabelHostname
	if g.often(30) {
		key = corev1.LabelTopologyZone
	}
	if g.often(30) {
		affinity.PodAntiAffinity = &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{
			{TopologyKey: key, LabelSelector: labelled(app)},
		}}
	}
	if g.often(15) {
		affinity.PodAffinity = &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{
			{TopologyKey: key, LabelSelector: labelled(g.one(apps))},
		}}
	}
	if g.often(15) {
		if affinity.PodAntiAffinity == nil {
			affinity.PodAntiAffinity = &corev1.PodAntiAffinity{}
		}
		affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution = []corev1.WeightedPodAffinityTerm{{
			Weight: int32(1 + g.IntN(100)), PodAffinityTerm: corev1.PodAffinityTerm{TopologyKey: key, LabelSelector: labelled(g.one(apps))},
		}}
	}
	return affinity
}

func (g generator) requirement() corev1.NodeSelectorRequirement {
	switch g.IntN(3) {
	case 0:
		return corev1.NodeSelectorRequirement{Key: "storage", Operator: corev1.NodeSelectorOpIn, Values: []string{g.one(disks)}}
	case 1:
		return corev1.NodeSelectorRequirement{Key: "tier", Operator: corev1.NodeSelectorOpNotIn, Values: []string{g.one(tiers)}}
	default:
		return corev1.NodeSelectorRequirement{Key: corev1.LabelTopologyZone, Operator: corev1.NodeSelectorOpIn, Values: []string{g.one(zones)}}
	}
}

func labelled(app string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}}
}
