package trial

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// bounds decide whether a pod may be made, what it asks for and whom it preempts.
type bounds struct {
	limits *corev1.LimitRangeSpec
	quota  *corev1.ResourceQuotaSpec
	// overhead is what a runtime takes besides; nil without a RuntimeClass.
	overhead corev1.ResourceList
	// priorities says that there are the classes low and high.
	priorities bool
}

// Names of classes, after that of the scenario: scenarios share a cluster.
const (
	lowSuffix     = "-low"
	highSuffix    = "-high"
	runtimeSuffix = "-runtime"
)

// bound gives a stack some of them. Most scenarios have none.
func (g generator) bound(s *stack) {
	if g.often(12) {
		s.limits = g.limits()
		for _, t := range s.tiers {
			if g.often(30) {
				clear(t.template.Spec.Containers[0].Resources.Requests) // a default takes their place, or nothing does
			}
		}
	}
	if g.often(12) {
		s.quota = g.quota(s)
	}
	if g.often(8) {
		s.overhead = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(one(g, cpus))}
		runtime := g.name + runtimeSuffix
		one(g, s.tiers).template.Spec.RuntimeClassName = &runtime
	}
	if g.often(20) {
		s.priorities = true
		for _, t := range s.tiers {
			if g.often(60) {
				t.template.Spec.PriorityClassName = g.name + one(g, []string{lowSuffix, highSuffix})
			}
		}
	}
}

func (g generator) limits() *corev1.LimitRangeSpec {
	item := corev1.LimitRangeItem{Type: corev1.LimitTypeContainer}
	switch g.IntN(3) {
	case 0:
		item.DefaultRequest = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(one(g, cpus)), corev1.ResourceMemory: resource.MustParse("64Mi")}
	case 1:
		item.Default = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("900m")}
	default:
		item.Max, item.Min = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("900m")}, corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("50m")}
	}
	return &corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{item}}
}

// quota has room for about as many pods as there are.
func (g generator) quota(s *stack) *corev1.ResourceQuotaSpec {
	pods := int64(g.IntN(4))
	for _, t := range s.tiers {
		if t.kind == "DaemonSet" {
			pods += int64(len(s.workers()))
		} else {
			pods += int64(t.replicas)
		}
	}
	return &corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{corev1.ResourcePods: *resource.NewQuantity(pods, resource.DecimalSI)}}
}

// changeBounds makes one difference, and says in words which; nothing where it makes none.
func (g generator) changeBounds(s *stack) string {
	switch draw := g.IntN(100); {
	case draw < 85:
		return ""
	case draw < 91:
		s.quota = g.quota(s)
		return fmt.Sprintf("a quota has room for %s pods", s.quota.Hard.Pods())
	case draw < 95:
		s.limits = g.limits()
		return "another LimitRange"
	default:
		s.priorities = true
		t := one(g, s.tiers)
		t.template.Spec.PriorityClassName = g.name + highSuffix
		return t.name + " gets a high priority"
	}
}

// copy is other ones that are the same.
func (b bounds) copy() bounds {
	return bounds{b.limits.DeepCopy(), b.quota.DeepCopy(), b.overhead.DeepCopy(), b.priorities}
}

// objects are what declares them.
func (b bounds) objects(namespace string) []*unstructured.Unstructured {
	var all []*unstructured.Unstructured
	meta := metav1.ObjectMeta{Name: "bounds", Namespace: namespace}
	if b.priorities {
		all = append(all,
			plain("PriorityClass", &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: namespace + lowSuffix}, Value: 10}),
			plain("PriorityClass", &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: namespace + highSuffix}, Value: 1000}))
	}
	if b.overhead != nil {
		all = append(all, plain("RuntimeClass", &nodev1.RuntimeClass{
			ObjectMeta: metav1.ObjectMeta{Name: namespace + runtimeSuffix}, Handler: "sandbox", Overhead: &nodev1.Overhead{PodFixed: b.overhead},
		}))
	}
	if b.limits != nil {
		all = append(all, plain("LimitRange", &corev1.LimitRange{ObjectMeta: meta, Spec: *b.limits}))
	}
	if b.quota != nil {
		all = append(all, plain("ResourceQuota", &corev1.ResourceQuota{ObjectMeta: meta, Spec: *b.quota}))
	}
	return all
}
