// Package admission decides about pods and other objects as the API server does before it stores them, so before any scheduler sees a
// pod: it fills in what LimitRanges, RuntimeClasses and PriorityClasses say, and refuses what they or a ResourceQuota do not allow.
// It models none of that: it calls the API server's own plugins with the objects that a stack declares.
package admission

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/client-go/informers"
	"k8s.io/kubernetes/pkg/apis/core"
	coreconversion "k8s.io/kubernetes/pkg/apis/core/v1"
	schedulingdefaults "k8s.io/kubernetes/pkg/apis/scheduling/v1"
	"k8s.io/kubernetes/plugin/pkg/admission/priority"
	"k8s.io/kubernetes/plugin/pkg/admission/runtimeclass"
)

// Objects are those that admission asks about, as somebody declares them.
type Objects struct {
	LimitRanges     []*corev1.LimitRange
	Quotas          []*corev1.ResourceQuota
	RuntimeClasses  []*nodev1.RuntimeClass
	PriorityClasses []*schedulingv1.PriorityClass
	// StorageClasses are asked for the one that is the default.
	StorageClasses []*storagev1.StorageClass
}

// Server admits pods under one set of objects. It is not safe for concurrent use.
type Server struct {
	limits     map[string]*corev1.LimitRange
	quotas     map[string][]*corev1.ResourceQuota
	runtimes   map[string]bool
	priorities map[string]bool
	// class is the StorageClass of claims that name none, empty where there is no such class.
	class    string
	runtime  *runtimeclass.RuntimeClass
	priority *priority.Plugin
}

// New completes the objects as the API server does. The classes that every cluster has need not be among them.
func New(objects Objects) *Server {
	s := &Server{
		limits: limits(objects.LimitRanges), quotas: quotas(objects.Quotas),
		runtimes: map[string]bool{}, priorities: map[string]bool{}, class: defaultClass(objects.StorageClasses),
		runtime: runtimeclass.NewRuntimeClass(), priority: priority.NewPlugin(),
	}
	// The informers are filled here and never run. An indexer takes whatever has a name.
	factory := informers.NewSharedInformerFactory(nil, 0)
	s.runtime.SetExternalKubeInformerFactory(factory)
	s.priority.SetExternalKubeInformerFactory(factory)
	for _, class := range objects.RuntimeClasses {
		s.runtimes[class.Name] = true
		_ = factory.Node().V1().RuntimeClasses().Informer().GetIndexer().Add(class.DeepCopy())
	}
	classes := schedulingdefaults.SystemPriorityClasses()
	for _, class := range objects.PriorityClasses {
		classes = append(classes, class.DeepCopy())
	}
	for _, class := range classes {
		schedulingdefaults.SetObjectDefaults_PriorityClass(class)
		s.priorities[class.Name] = true
		_ = factory.Scheduling().V1().PriorityClasses().Informer().GetIndexer().Add(class)
	}
	return s
}

// Refusal is why the API server does not store an object.
type Refusal struct {
	// By is the kind of the object that does not allow it, such as ResourceQuota; empty where nothing would.
	By string
	// Reason is the API server's own.
	Reason string
	// Claim is the one that a pod needs and that is refused, empty where it is the object itself.
	Claim string
}

// The kinds that refuse.
const (
	ByLimitRange    = "LimitRange"
	ByQuota         = "ResourceQuota"
	ByRuntimeClass  = "RuntimeClass"
	ByPriorityClass = "PriorityClass"
)

// String says it in a sentence's end.
func (r *Refusal) String() string {
	what := "it"
	if r.Claim != "" {
		what = "its claim " + r.Claim
	}
	return "the API server refuses " + what + ": " + r.Reason
}

// Remedy is what to change.
func (r *Refusal) Remedy() string {
	if r.By == "" {
		return "correct what the pod asks for"
	}
	return "ask for what the " + r.By + " allows, or change that"
}

// HasRuntimeClass tells whether the RuntimeClass is known, HasPriorityClass whether the PriorityClass is. A pod of a class that is not
// known is admitted as if it named none.
func (s *Server) HasRuntimeClass(name string) bool { return s.runtimes[name] }

// HasPriorityClass is described at HasRuntimeClass.
func (s *Server) HasPriorityClass(name string) bool { return s.priorities[name] }

// Admit returns a pod that has the API server's defaults as the API server stores it, or why it does not. What a quota says is asked of
// a Ledger. The plugins come in the API server's order.
// Source: k8s.io/kubernetes, pkg/kubeapiserver/options/plugins.go (AllOrderedPlugins).
func (s *Server) Admit(ctx context.Context, pod *corev1.Pod) (*corev1.Pod, *Refusal, error) {
	internal := &core.Pod{}
	if err := coreconversion.Convert_v1_Pod_To_core_Pod(pod.DeepCopy(), internal, nil); err != nil {
		return nil, nil, fmt.Errorf("pod %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	runtimeName, priorityName := internal.Spec.RuntimeClassName, internal.Spec.PriorityClassName
	if runtimeName != nil && !s.runtimes[*runtimeName] {
		internal.Spec.RuntimeClassName = nil
	}
	unknownPriority := priorityName != "" && !s.priorities[priorityName]
	refusal, err := s.admit(ctx, internal, runtimeName == nil || internal.Spec.RuntimeClassName != nil, !unknownPriority)
	if err != nil {
		return nil, nil, fmt.Errorf("pod %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	internal.Spec.RuntimeClassName = runtimeName
	admitted := &corev1.Pod{}
	if err := coreconversion.Convert_core_Pod_To_v1_Pod(internal, admitted, nil); err != nil {
		return nil, nil, fmt.Errorf("pod %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	return admitted, refusal, nil
}

// admit changes a pod and then looks at it. It goes on after a refusal, so that the pod is complete all the same.
func (s *Server) admit(ctx context.Context, pod *core.Pod, runtimeKnown, priorityKnown bool) (*Refusal, error) {
	attributes := creation(pod, pod, "Pod", core.SchemeGroupVersion.WithResource("pods"))
	limit := s.limits[pod.Namespace]
	var first *Refusal
	if err := invalid(pod); err != nil {
		first = refused("", "pods", pod.Name, err)
	}
	if err := setDefaults(limit, pod); err != nil {
		return nil, err
	}
	for _, plugin := range []struct {
		by    string
		skip  bool
		admit func() error
	}{
		{ByPriorityClass, !priorityKnown, func() error { return s.priority.Admit(ctx, attributes, nil) }},
		{ByRuntimeClass, !runtimeKnown, func() error { return s.runtime.Admit(ctx, attributes, nil) }},
		{ByLimitRange, false, func() error { return invalid(pod) }},
		{ByLimitRange, false, func() error { return exceeds(limit, pod) }},
		{ByRuntimeClass, !runtimeKnown, func() error { return s.runtime.Validate(ctx, attributes, nil) }},
	} {
		if plugin.skip {
			continue
		}
		if err := plugin.admit(); err != nil && first == nil {
			first = refused(plugin.by, "pods", pod.Name, err)
		}
	}
	return first, nil
}

// refused takes the object's name off an error: the names of pods are made up here.
func refused(by, resource, name string, err error) *Refusal {
	reason := err.Error()
	if apierrors.IsForbidden(err) {
		reason = strings.TrimPrefix(reason, fmt.Sprintf("%s %q is forbidden: ", resource, name))
	}
	return &Refusal{By: by, Reason: reason}
}

// creation is the request to make an object.
func creation(object runtime.Object, meta metav1.Object, kind string, resource schema.GroupVersionResource) admission.Attributes {
	return admission.NewAttributesRecord(object, nil, resource.GroupVersion().WithKind(kind), meta.GetNamespace(), meta.GetName(), resource, "",
		admission.Create, &metav1.CreateOptions{}, false, nil)
}
