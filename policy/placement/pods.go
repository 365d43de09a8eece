package placement

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	appsdefaults "k8s.io/kubernetes/pkg/apis/apps/v1"
	coredefaults "k8s.io/kubernetes/pkg/apis/core/v1"
	deploymentutil "k8s.io/kubernetes/pkg/controller/deployment/util"

	"ecommerce-platform/policy/model"
)

// unlimited is the size of a node whose size is not known.
var unlimited = resource.MustParse("1000000")

// complete gives a pod what the API server would before it admits it: defaults and an identity.
func complete(pod *corev1.Pod) *corev1.Pod {
	coredefaults.SetObjectDefaults_Pod(pod)
	pod.UID = types.UID(key(pod))
	return pod
}

// controlled names the object that a pod belongs to.
func controlled(pod *corev1.Pod, kind, name string) {
	yes := true
	pod.OwnerReferences = []metav1.OwnerReference{{
		APIVersion: appsv1.SchemeGroupVersion.String(), Kind: kind, Name: name, UID: types.UID(kind + "/" + name), Controller: &yes,
	}}
}

// ReplicaSet is the one that the Deployment makes for a revision of its template.
func (t *Tier) ReplicaSet(revision string) *appsv1.ReplicaSet {
	set := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Name: t.owners[revision], Namespace: t.Deployment.Namespace}}
	set.Spec.Selector = t.Deployment.Spec.Selector.DeepCopy()
	if set.Spec.Selector != nil {
		if set.Spec.Selector.MatchLabels == nil {
			set.Spec.Selector.MatchLabels = map[string]string{}
		}
		set.Spec.Selector.MatchLabels[appsv1.DefaultDeploymentUniqueLabelKey] = revision
	}
	return set
}

// SameTemplate tells whether the Deployment makes the same pods as it does as the other one, apart from what either keeps secret or
// does not know: a stack's state does not tell that, and hidden then says that there is such a thing.
func (t *Tier) SameTemplate(other *Tier) (same, hidden bool) {
	const path = "spec.template"
	var paths []string
	for _, r := range []*model.Resource{t.Resource, other.Resource} {
		paths = append(append(paths, r.UnknownBelow(path)...), r.SecretBelow(path)...)
	}
	if len(paths) == 0 {
		return deploymentutil.EqualIgnoreHash(&t.Deployment.Spec.Template, &other.Deployment.Spec.Template), false
	}
	templates := make([]*corev1.PodTemplateSpec, 0, 2)
	for _, r := range []*model.Resource{t.Resource, other.Resource} {
		var read appsv1.Deployment // the other kinds have their template at the same place
		if body, err := json.Marshal(r.Without(paths...)); err != nil || json.Unmarshal(body, &read) != nil {
			return false, true
		}
		appsdefaults.SetObjectDefaults_Deployment(&read)
		templates = append(templates, &read.Spec.Template)
	}
	return deploymentutil.EqualIgnoreHash(templates[0], templates[1]), true
}

// Pod is the number-th pod of a revision of the Deployment's template.
func (t *Tier) Pod(revision string, number int) *corev1.Pod {
	template := t.Deployment.Spec.Template.DeepCopy()
	pod := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
	pod.Namespace = t.Deployment.Namespace
	pod.Name = fmt.Sprintf("%s-%d", t.owners[revision], number)
	if pod.Labels == nil {
		pod.Labels = map[string]string{}
	}
	pod.Labels[appsv1.DefaultDeploymentUniqueLabelKey] = revision
	pod.Spec.Volumes = append(pod.Spec.Volumes, t.volumes(number)...)
	controlled(pod, "ReplicaSet", t.owners[revision])
	return complete(pod)
}

// kubernetesNode is the Node object of a node.
func kubernetesNode(n *model.Node) *corev1.Node {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: n.Name, Labels: n.Labels}}
	node.Spec.Taints = n.Taints
	node.Status.Capacity, node.Status.Allocatable = n.Capacity, n.Allocatable
	if n.Allocatable == nil {
		node.Status.Allocatable = corev1.ResourceList{
			corev1.ResourceCPU: unlimited, corev1.ResourceMemory: resource.MustParse("1000000Gi"), corev1.ResourcePods: unlimited,
			corev1.ResourceEphemeralStorage: resource.MustParse("1000000Gi"),
		}
	}
	return node
}

// Controller names what the pods of a revision belong to, in its namespace.
func (t *Tier) Controller(revision string) string {
	return t.Deployment.Namespace + "/" + t.owners[revision]
}

// Owns tells whether the pod is one of the Deployment's, of whatever revision.
func (t *Tier) Owns(pod *corev1.Pod) bool {
	owner := metav1.GetControllerOfNoCopy(pod)
	return owner != nil && pod.Namespace == t.Deployment.Namespace && owner.Kind == "ReplicaSet" &&
		(owner.Name == t.owners[Running] || owner.Name == t.owners[Next])
}

// Key names a pod in the cluster.
func Key(pod *corev1.Pod) string { return key(pod) }

// Revision is the one of its Deployment's template that the pod is made from.
func Revision(pod *corev1.Pod) string { return pod.Labels[appsv1.DefaultDeploymentUniqueLabelKey] }

// Counterpart returns the tier of another simulation that is the same object, or nil.
func (s *Simulation) Counterpart(of *Tier) *Tier {
	for _, tier := range s.Tiers {
		if tier.Kind == of.Kind && tier.Name() == of.Name() && tier.Deployment.Namespace == of.Deployment.Namespace {
			return tier
		}
	}
	return nil
}

// selects tells whether the term speaks of the Deployment's own pods.
func (t *Tier) selects(term corev1.PodAffinityTerm) bool {
	selector, err := metav1.LabelSelectorAsSelector(term.LabelSelector)
	return err == nil && selector.Matches(labels.Set(t.Deployment.Spec.Template.Labels))
}

// successor ends the name of a pod that replaces one that is gone.
const successor = "-again"

// Original names the first of the pods that replaced each other.
func Original(pod *corev1.Pod) string {
	name := key(pod)
	for strings.HasSuffix(name, successor) {
		name = strings.TrimSuffix(name, successor)
	}
	return name
}

// Number is the pod's own among those of its tier; the pods that replaced each other share it.
func Number(pod *corev1.Pod) int {
	name := Original(pod)
	number, _ := strconv.Atoi(name[strings.LastIndex(name, "-")+1:])
	return number
}

// Reaches tells whether the volume can be used on the node.
func Reaches(volume *corev1.PersistentVolume, node *corev1.Node) bool {
	if volume.Spec.NodeAffinity == nil || volume.Spec.NodeAffinity.Required == nil {
		return true
	}
	selector, err := nodeaffinity.NewNodeSelector(volume.Spec.NodeAffinity.Required)
	return err == nil && selector.Match(node)
}
