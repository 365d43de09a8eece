package admission

import (
	"cmp"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/kubernetes/pkg/apis/core"
	coredefaults "k8s.io/kubernetes/pkg/apis/core/v1"
	"k8s.io/kubernetes/pkg/apis/core/validation"
	"k8s.io/kubernetes/plugin/pkg/admission/limitranger"
)

// limits are the LimitRanges of each namespace as one, by name. The API server takes several of them, and the resources of each, in any
// order; here the order is fixed, so that a report does not change from one run to the next.
func limits(ranges []*corev1.LimitRange) map[string]*corev1.LimitRange {
	byNamespace := map[string]*corev1.LimitRange{}
	for _, declared := range slices.SortedFunc(slices.Values(ranges), func(a, b *corev1.LimitRange) int { return cmp.Compare(a.Name, b.Name) }) {
		declared = declared.DeepCopy()
		coredefaults.SetObjectDefaults_LimitRange(declared)
		whole := byNamespace[declared.Namespace]
		if whole == nil {
			whole = &corev1.LimitRange{}
			byNamespace[declared.Namespace] = whole
		}
		for _, item := range declared.Spec.Limits {
			whole.Spec.Limits = append(whole.Spec.Limits, apart(item)...)
		}
	}
	return byNamespace
}

// apart is an item as one for its defaults and one for each bound of each resource.
func apart(item corev1.LimitRangeItem) []corev1.LimitRangeItem {
	items := []corev1.LimitRangeItem{{Type: item.Type, Default: item.Default, DefaultRequest: item.DefaultRequest}}
	for _, name := range slices.Sorted(maps.Keys(item.Min)) {
		items = append(items, corev1.LimitRangeItem{Type: item.Type, Min: corev1.ResourceList{name: item.Min[name]}})
	}
	for _, name := range slices.Sorted(maps.Keys(item.Max)) {
		items = append(items, corev1.LimitRangeItem{Type: item.Type, Max: corev1.ResourceList{name: item.Max[name]}})
	}
	for _, name := range slices.Sorted(maps.Keys(item.MaxLimitRequestRatio)) {
		items = append(items, corev1.LimitRangeItem{
			Type: item.Type, MaxLimitRequestRatio: corev1.ResourceList{name: item.MaxLimitRequestRatio[name]},
		})
	}
	return items
}

// setDefaults gives containers the requests and limits that they do not state.
func setDefaults(limit *corev1.LimitRange, pod *core.Pod) error {
	if limit == nil {
		return nil
	}
	return limitranger.PodMutateLimitFunc(limit, pod)
}

// exceeds says what the pod asks for that is out of bounds.
func exceeds(limit *corev1.LimitRange, pod *core.Pod) error {
	if limit == nil {
		return nil
	}
	return limitranger.PodValidateLimitFunc(limit, pod)
}

// invalid says which container has a request above its limit, as one has whose limit is a default.
func invalid(pod *core.Pod) error {
	var errs field.ErrorList
	for _, list := range []struct {
		path       string
		containers []core.Container
	}{{"initContainers", pod.Spec.InitContainers}, {"containers", pod.Spec.Containers}} {
		for i := range list.containers {
			path := field.NewPath("spec", list.path).Index(i).Child("resources")
			errs = append(errs, validation.ValidateContainerResourceRequirements(
				&list.containers[i].Resources, sets.New[string](), path, validation.PodValidationOptions{})...)
		}
	}
	return errs.ToAggregate()
}
