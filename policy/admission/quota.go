package admission

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/admission/plugin/resourcequota"
	apiquota "k8s.io/apiserver/pkg/quota/v1"
	coredefaults "k8s.io/kubernetes/pkg/apis/core/v1"
	evaluators "k8s.io/kubernetes/pkg/quota/v1/evaluator/core"
	"k8s.io/utils/clock"
)

// quotas are those of each namespace, by name, with what they hold and nothing used.
func quotas(declared []*corev1.ResourceQuota) map[string][]*corev1.ResourceQuota {
	byNamespace := map[string][]*corev1.ResourceQuota{}
	for _, q := range slices.SortedFunc(slices.Values(declared), func(a, b *corev1.ResourceQuota) int { return cmp.Compare(a.Name, b.Name) }) {
		q = q.DeepCopy()
		coredefaults.SetObjectDefaults_ResourceQuota(q)
		q.Status = corev1.ResourceQuotaStatus{Hard: q.Spec.Hard.DeepCopy(), Used: corev1.ResourceList{}}
		for name, hard := range q.Spec.Hard {
			hard = hard.DeepCopy()
			hard.Sub(hard)
			q.Status.Used[name] = hard
		}
		byNamespace[q.Namespace] = append(byNamespace[q.Namespace], q)
	}
	return byNamespace
}

// podEvaluator is the API server's. It lists nothing: a Ledger counts.
var podEvaluator = evaluators.NewPodEvaluator(nil, clock.RealClock{})

// Ledger is what the pods and claims of a cluster use of each quota.
type Ledger struct {
	quotas map[string][]*corev1.ResourceQuota
}

// NewLedger is one without pods and claims.
func (s *Server) NewLedger() *Ledger {
	l := &Ledger{map[string][]*corev1.ResourceQuota{}}
	for namespace, list := range s.quotas {
		for _, q := range list {
			l.quotas[namespace] = append(l.quotas[namespace], q.DeepCopy())
		}
	}
	return l
}

// Refuses says which quota has no room for one pod more, and nil where each has.
func (l *Ledger) Refuses(pod *corev1.Pod) *Refusal {
	attributes := creation(pod, pod, "Pod", corev1.SchemeGroupVersion.WithResource("pods"))
	if _, err := resourcequota.CheckRequest(l.now(pod.Namespace), attributes, podEvaluator, nil); err != nil {
		return refused(ByQuota, "pods", pod.Name, err)
	}
	return nil
}

// now is what is used of a namespace's quotas.
func (l *Ledger) now(namespace string) []corev1.ResourceQuota {
	list := make([]corev1.ResourceQuota, len(l.quotas[namespace]))
	for i, q := range l.quotas[namespace] {
		list[i] = *q
	}
	return list
}

// Add counts a pod that has come to be, and Remove one that is gone. A pod that waits for a node is there as well.
func (l *Ledger) Add(pod *corev1.Pod) error {
	return l.count(pod.Namespace, pod, podEvaluator, apiquota.Add)
}

// Remove is described at Add.
func (l *Ledger) Remove(pod *corev1.Pod) error {
	return l.count(pod.Namespace, pod, podEvaluator, apiquota.Subtract)
}

func (l *Ledger) count(
	namespace string, object runtime.Object, by apiquota.Evaluator, change func(a, b corev1.ResourceList) corev1.ResourceList,
) error {
	for _, q := range l.quotas[namespace] {
		if err := count(q, by, object, change); err != nil {
			return err
		}
	}
	return nil
}

// count changes what is used of a quota by what an object uses.
func count(q *corev1.ResourceQuota, by apiquota.Evaluator, object runtime.Object, change func(a, b corev1.ResourceList) corev1.ResourceList) error {
	matches, err := by.Matches(q, object)
	if err != nil {
		return fmt.Errorf("ResourceQuota %s/%s: %w", q.Namespace, q.Name, err)
	}
	if !matches {
		return nil
	}
	usage, err := by.Usage(object)
	if err != nil {
		return fmt.Errorf("ResourceQuota %s/%s: %w", q.Namespace, q.Name, err)
	}
	q.Status.Used = change(q.Status.Used, apiquota.Mask(usage, apiquota.ResourceNames(q.Status.Hard)))
	return nil
}
