package acceptance_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecommerce-platform/tests/lab/controlplane/controlplanetest"
)

// poll is how often the API server is asked.
const poll = 50 * time.Millisecond

// asking is a pod that asks for so much CPU, and nothing where that is empty.
func asking(name, cpu string, changes ...func(*corev1.PodSpec)) *corev1.Pod {
	pod := &corev1.Pod{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "registry.example/main:1"}}},
	}
	if cpu != "" {
		pod.Spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu)}
	}
	for _, change := range changes {
		change(&pod.Spec)
	}
	return pod
}

func ofPriority(name string) func(*corev1.PodSpec) {
	return func(spec *corev1.PodSpec) { spec.PriorityClassName = name }
}

func ofRuntime(name string) func(*corev1.PodSpec) {
	return func(spec *corev1.PodSpec) { spec.RuntimeClassName = &name }
}

func cpu(amount string) corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(amount)}
}

func limitRange(item corev1.LimitRangeItem) *corev1.LimitRange {
	return &corev1.LimitRange{ObjectMeta: metav1.ObjectMeta{Name: "limits"}, Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{item}}}
}

func resourceQuota(hard corev1.ResourceList, scopes ...corev1.ResourceQuotaScope) *corev1.ResourceQuota {
	return &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "quota"}, Spec: corev1.ResourceQuotaSpec{Hard: hard, Scopes: scopes}}
}

func priorityOf(name string, value int32, policy corev1.PreemptionPolicy) *schedulingv1.PriorityClass {
	return &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Value: value, PreemptionPolicy: &policy}
}

// TestAdmissionIsWhatAnAPIServerDoes makes the same pods, one after the other, in a namespace of a real API server with a real scheduler
// and in the simulation. There is one node, of 1000m.
func TestAdmissionIsWhatAnAPIServerDoes(t *testing.T) {
	t.Parallel()
	real := newReference(t, controlplanetest.StartWithoutKubelets(t))
	simulation := startSimulation(t)
	pods := corev1.ResourcePods
	low, high, polite := priorityOf("low", 10, corev1.PreemptLowerPriority), priorityOf("high", 1000, corev1.PreemptLowerPriority),
		priorityOf("polite", 1000, corev1.PreemptNever)
	for name, s := range map[string]scenario{
		"limits": {
			LimitRanges: []*corev1.LimitRange{limitRange(corev1.LimitRangeItem{
				Type: corev1.LimitTypeContainer, Default: cpu("600m"), DefaultRequest: cpu("400m"), Max: cpu("800m"), Min: cpu("100m"),
			})},
			Pods: []*corev1.Pod{
				asking("by-default", ""), asking("above-the-default-limit", "700m"), asking("too-little", "50m"), asking("again", ""), asking("no-room", ""),
			},
		},
		"ratio": {
			LimitRanges: []*corev1.LimitRange{limitRange(corev1.LimitRangeItem{Type: corev1.LimitTypePod, MaxLimitRequestRatio: cpu("2")})},
			Pods:        []*corev1.Pod{asking("too-far", "100m", func(spec *corev1.PodSpec) { spec.Containers[0].Resources.Limits = cpu("300m") }), asking("no-limit", "100m")},
		},
		"quota": {
			Quotas: []*corev1.ResourceQuota{resourceQuota(corev1.ResourceList{corev1.ResourceRequestsCPU: resource.MustParse("2"), pods: resource.MustParse("4")})},
			Pods: []*corev1.Pod{
				asking("fits", "600m"), asking("waits", "600m"), asking("asks-for-nothing", ""), asking("too-much", "900m"), asking("small", "10m"),
				asking("smaller", "10m"), asking("one-too-many", "10m"),
			},
		},
		"scope": {
			Quotas: []*corev1.ResourceQuota{resourceQuota(corev1.ResourceList{pods: resource.MustParse("1")}, corev1.ResourceQuotaScopeBestEffort)},
			Pods:   []*corev1.Pod{asking("burstable", "10m"), asking("first", ""), asking("second", "")},
		},
		"runtime": {
			RuntimeClasses: []*nodev1.RuntimeClass{
				{ObjectMeta: metav1.ObjectMeta{Name: "heavy"}, Handler: "heavy", Overhead: &nodev1.Overhead{PodFixed: cpu("700m")}},
				{ObjectMeta: metav1.ObjectMeta{Name: "elsewhere"}, Handler: "elsewhere", Scheduling: &nodev1.Scheduling{NodeSelector: map[string]string{"runtime": "elsewhere"}}},
			},
			Pods: []*corev1.Pod{
				asking("heavy", "100m", ofRuntime("heavy")), asking("heavier", "100m", ofRuntime("heavy")), asking("elsewhere", "100m", ofRuntime("elsewhere")),
				asking("contradicts", "100m", ofRuntime("elsewhere"), func(spec *corev1.PodSpec) { spec.NodeSelector = map[string]string{"runtime": "here"} }),
				asking("its-own", "100m", func(spec *corev1.PodSpec) { spec.Overhead = cpu("10m") }),
			},
		},
		"priorities": {
			PriorityClasses: []*schedulingv1.PriorityClass{low, high, polite},
			Pods: []*corev1.Pod{
				asking("lowest", "500m"), asking("low", "500m", ofPriority("low")), asking("polite", "500m", ofPriority("polite")),
				asking("high", "400m", ofPriority("high")), asking("larger", "2", ofPriority("high")), asking("next", "600m", ofPriority("high")),
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s.Nodes = []*corev1.Node{plainNode(name)}
			for _, pod := range s.Pods {
				pod.Namespace = name
			}
			real.declare(t, name, s)
			for _, o := range simulation.askAfter(t, real, s) {
				got := o.real
				switch {
				case o.Refused:
					require.Error(t, got.err, "%s: the simulation says it is refused: %s", o.Pod, o.Reason)
					assert.Contains(t, got.err.Error(), o.Reason, o.Pod)
				case o.Preempted:
					require.NoError(t, got.err, o.Pod)
					assert.True(t, got.gone, "%s: the simulation says %s", o.Pod, o.Reason)
				default:
					require.NoError(t, got.err, "%s: the simulation says %s %s", o.Pod, o.Node, o.Reason)
					assert.False(t, got.gone, o.Pod)
					assert.Equal(t, o.Node, got.node, "%s: real: %s, simulated: %s", o.Pod, got.reason, o.Reason)
					assert.True(t, strings.HasPrefix(got.reason, o.Reason), "%s: real: %s, simulated: %s", o.Pod, got.reason, o.Reason)
				}
			}
			real.withdrawScenario(t, name, s)
		})
	}
}

func plainNode(name string) *corev1.Node {
	size := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("1"), corev1.ResourceMemory: resource.MustParse("4Gi"), corev1.ResourcePods: resource.MustParse("20"),
	}
	return &corev1.Node{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Node"},
		ObjectMeta: metav1.ObjectMeta{Name: name + "-node", Labels: map[string]string{corev1.LabelHostname: name + "-node"}},
		Status: corev1.NodeStatus{Capacity: size, Allocatable: size, Conditions: []corev1.NodeCondition{
			{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "Written", LastHeartbeatTime: metav1.Now(), LastTransitionTime: metav1.Now()},
		}},
	}
}
