package admission

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission/plugin/resourcequota"
	apiquota "k8s.io/apiserver/pkg/quota/v1"
	"k8s.io/apiserver/pkg/quota/v1/generic"
	evaluators "k8s.io/kubernetes/pkg/quota/v1/evaluator/core"
)

// Object is one that a quota counts and that is no pod.
type Object struct {
	runtime.Object
	Meta     metav1.Object
	Kind     string
	Resource schema.GroupVersionResource
}

// Inventory is what is declared in each namespace, against its quotas.
type Inventory struct {
	server *Server
	quotas map[string][]corev1.ResourceQuota
}

// atBirth is what a namespace holds from its first second, by a resource of a quota: the certificate of the API server, and a service
// account.
// Source: k8s.io/kubernetes, pkg/controller/certificates/rootcacertpublisher and pkg/controller/serviceaccount.
var atBirth = map[corev1.ResourceName]int64{corev1.ResourceConfigMaps: 1, "count/configmaps": 1, "count/serviceaccounts": 1}

// NewInventory is one of namespaces that are new.
func (s *Server) NewInventory() *Inventory {
	i := &Inventory{s, map[string][]corev1.ResourceQuota{}}
	for namespace, list := range s.quotas {
		for _, q := range list {
			q = q.DeepCopy()
			for name, used := range q.Status.Used {
				used.Set(atBirth[name])
				q.Status.Used[name] = used
			}
			i.quotas[namespace] = append(i.quotas[namespace], *q)
		}
	}
	return i
}

// Counts tells whether a quota counts what a namespace holds.
func (i *Inventory) Counts(namespace string) bool { return len(i.quotas[namespace]) > 0 }

// Put counts an object that is there already.
func (i *Inventory) Put(o Object) error {
	for at := range i.quotas[o.Meta.GetNamespace()] {
		q := &i.quotas[o.Meta.GetNamespace()][at]
		if err := count(q, evaluator(o.Resource.GroupResource()), o.Object, apiquota.Add); err != nil {
			return err
		}
	}
	return nil
}

// Add counts an object, or says why the API server refuses it.
func (i *Inventory) Add(o Object) (*Refusal, error) {
	namespace := o.Meta.GetNamespace()
	if claim, is := o.Object.(*corev1.PersistentVolumeClaim); is {
		admitted, refusal, err := i.server.AdmitClaim(claim)
		if err != nil || refusal != nil {
			return refusal, err
		}
		o.Object, o.Meta = admitted, admitted
	}
	if !i.Counts(namespace) {
		return nil, nil
	}
	after, err := resourcequota.CheckRequest(i.quotas[namespace], creation(o.Object, o.Meta, o.Kind, o.Resource), evaluator(o.Resource.GroupResource()), nil)
	if err != nil {
		return refused(ByQuota, o.Resource.Resource, o.Meta.GetName(), err), nil
	}
	i.quotas[namespace] = after
	return nil, nil
}

// evaluator is the API server's for a kind of object.
func evaluator(of schema.GroupResource) apiquota.Evaluator {
	switch of {
	case corev1.Resource("services"):
		return evaluators.NewServiceEvaluator(nil)
	case corev1.Resource("persistentvolumeclaims"):
		return claimEvaluator
	default:
		return generic.NewObjectCountEvaluator(of, nil, aliases[of])
	}
}

// aliases are the other names of some counts.
// Source: k8s.io/kubernetes, pkg/quota/v1/evaluator/core/registry.go (legacyObjectCountAliases).
var aliases = map[schema.GroupResource]corev1.ResourceName{
	corev1.Resource("configmaps"):             corev1.ResourceConfigMaps,
	corev1.Resource("resourcequotas"):         corev1.ResourceQuotas,
	corev1.Resource("replicationcontrollers"): corev1.ResourceReplicationControllers,
	corev1.Resource("secrets"):                corev1.ResourceSecrets,
}

// made are the kinds of which controllers make objects that no program declares.
var made = []schema.GroupResource{
	{Group: "apps", Resource: "replicasets"}, {Group: "apps", Resource: "controllerrevisions"}, {Group: "batch", Resource: "jobs"},
	{Resource: "endpoints"}, {Group: "discovery.k8s.io", Resource: "endpointslices"}, {Resource: "events"},
	{Group: "events.k8s.io", Resource: "events"}, {Group: "coordination.k8s.io", Resource: "leases"},
	{Group: "resource.k8s.io", Resource: "resourceclaims"},
}

// Uncounted are the resources of a quota that count objects which controllers make besides the declared ones, sorted.
func Uncounted(q *corev1.ResourceQuota) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(q.Spec.Hard)) {
		byController := slices.ContainsFunc(made, func(of schema.GroupResource) bool {
			return name == generic.ObjectCountQuotaResourceNameFor(of)
		})
		if byController || strings.HasSuffix(string(name), ".deviceclass.resource.k8s.io/devices") {
			names = append(names, string(name))
		}
	}
	return names
}
