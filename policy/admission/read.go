package admission

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecommerce-platform/policy/model"
)

// Of is the Server under what a stack declares. An object with something unknown in it, and a patch of one that the stack does not
// declare, is left out and recorded as not evaluated.
func Of(stack *model.Stack) *Server {
	for _, r := range stack.Resources {
		kind := model.Kind(r)
		whole := strings.TrimSuffix(strings.TrimSuffix(kind, "Patch"), "List")
		if asked[whole] != "" && r.Type != asked[whole] {
			stack.NotEvaluated(r, "")
		}
	}
	return New(Objects{
		LimitRanges:     known(stack, stack.LimitRanges, inNamespace[*corev1.LimitRange]),
		Quotas:          known(stack, stack.Quotas, inNamespace[*corev1.ResourceQuota]),
		RuntimeClasses:  known(stack, stack.RuntimeClasses, func(*nodev1.RuntimeClass) {}),
		PriorityClasses: known(stack, stack.PriorityClasses, func(*schedulingv1.PriorityClass) {}),
		StorageClasses:  storageClasses(stack),
	})
}

// asked are the types that admission asks about, by kind.
var asked = map[string]string{
	ByLimitRange:    model.LimitRangeType,
	ByQuota:         model.QuotaType,
	ByRuntimeClass:  model.RuntimeClassType,
	ByPriorityClass: model.PriorityClassType,
}

// known are the objects without anything unknown that matters.
func known[T any, P interface {
	*T
	DeepCopy() P
}](stack *model.Stack, declared []model.Object[T], complete func(P)) []P {
	var objects []P
	for _, o := range declared {
		if evaluated(stack, o) {
			object := P(&o.Value).DeepCopy()
			complete(object)
			objects = append(objects, object)
		}
	}
	return objects
}

func inNamespace[P metav1.Object](object P) {
	if object.GetNamespace() == "" {
		object.SetNamespace(metav1.NamespaceDefault)
	}
}

// evaluated tells whether all that matters of an object is known, and records what is not.
func evaluated[T any](stack *model.Stack, o model.Object[T]) bool {
	if o.Malformed != nil {
		stack.NotEvaluated(o.Resource, "")
		return false
	}
	known := true
	for _, path := range o.UnknownBelow("") {
		aside := strings.HasPrefix(path, "metadata.") && path != "metadata.name" && path != "metadata.namespace"
		if !aside && !strings.HasPrefix(path, "status") {
			stack.NotEvaluated(o.Resource, path)
			known = false
		}
	}
	return known
}

// storageClasses are those of which is known whether they are the default.
func storageClasses(stack *model.Stack) []*storagev1.StorageClass {
	var classes []*storagev1.StorageClass
	for _, o := range stack.Classes {
		unknown := append(o.UnknownBelow("metadata.name"), o.UnknownBelow("metadata.annotations")...)
		for _, path := range unknown {
			stack.NotEvaluated(o.Resource, path)
		}
		if o.Malformed == nil && len(unknown) == 0 {
			classes = append(classes, o.Value.DeepCopy())
		}
	}
	return classes
}
