package placement

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	appsdefaults "k8s.io/kubernetes/pkg/apis/apps/v1"
	coredefaults "k8s.io/kubernetes/pkg/apis/core/v1"

	"ecommerce-platform/policy/model"
)

// unlimited is the size of a node whose size is not known.
var unlimited = resource.MustParse("1000000")

// priorities are those of the classes that every cluster has.
// Source: k8s.io/kubernetes, pkg/apis/scheduling/types.go.
var priorities = map[string]int32{clusterCritical: 2_000_000_000, nodeCritical: 2_000_001_000}

// complete gives a pod what the API server would: defaults, an identity and a priority.
func complete(pod *corev1.Pod) *corev1.Pod {
	coredefaults.SetObjectDefaults_Pod(pod)
	pod.UID = types.UID(key(pod))
	priority := priorities[pod.Spec.PriorityClassName]
	pod.Spec.Priority = &priority
	return pod
}

// controlled names the object that a pod belongs to.
func controlled(pod *corev1.Pod, kind, name string) {
	yes := true
	pod.OwnerReferences = []metav1.OwnerReference{{
		APIVersion: appsv1.SchemeGroupVersion.String(), Kind: kind, Name: name, UID: types.UID(kind + "/" + name), Controller: &yes,
	}}
}

// Tier is a Deployment as the API server completes it.
type Tier struct {
	Resource   *model.Resource
	Deployment *appsv1.Deployment
}

// Name is the Deployment's name.
func (t *Tier) Name() string { return t.Deployment.Name }

// Replicas is how many pods it wants.
func (t *Tier) Replicas() int { return int(*t.Deployment.Spec.Replicas) }

// newTier completes a copy of the declared Deployment.
func newTier(declared model.Object[appsv1.Deployment]) *Tier {
	deployment := declared.Value.DeepCopy()
	appsdefaults.SetObjectDefaults_Deployment(deployment)
	if deployment.Name == "" {
		deployment.Name = declared.Name
	}
	if deployment.Namespace == "" {
		deployment.Namespace = metav1.NamespaceDefault
	}
	return &Tier{Resource: declared.Resource, Deployment: deployment}
}

// ReplicaSet is the one that the Deployment makes for a revision of its template.
func (t *Tier) ReplicaSet(revision string) *appsv1.ReplicaSet {
	set := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Name: t.Name() + "-" + revision, Namespace: t.Deployment.Namespace}}
	set.Spec.Selector = t.Deployment.Spec.Selector.DeepCopy()
	if set.Spec.Selector != nil {
		if set.Spec.Selector.MatchLabels == nil {
			set.Spec.Selector.MatchLabels = map[string]string{}
		}
		set.Spec.Selector.MatchLabels[appsv1.DefaultDeploymentUniqueLabelKey] = revision
	}
	return set
}

// Pod is the number-th pod of a revision of the Deployment's template.
func (t *Tier) Pod(revision string, number int) *corev1.Pod {
	template := t.Deployment.Spec.Template.DeepCopy()
	pod := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
	pod.Namespace = t.Deployment.Namespace
	pod.Name = fmt.Sprintf("%s-%s-%d", t.Name(), revision, number)
	if pod.Labels == nil {
		pod.Labels = map[string]string{}
	}
	pod.Labels[appsv1.DefaultDeploymentUniqueLabelKey] = revision
	controlled(pod, "ReplicaSet", t.Name()+"-"+revision)
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

// Owns tells whether the pod is one of the Deployment's, of whatever revision.
func (t *Tier) Owns(pod *corev1.Pod) bool {
	owner := metav1.GetControllerOfNoCopy(pod)
	return owner != nil && pod.Namespace == t.Deployment.Namespace && owner.Kind == "ReplicaSet" &&
		(owner.Name == t.Name()+"-"+Running || owner.Name == t.Name()+"-"+Next)
}

// selects tells whether the term speaks of the Deployment's own pods.
func (t *Tier) selects(term corev1.PodAffinityTerm) bool {
	selector, err := metav1.LabelSelectorAsSelector(term.LabelSelector)
	return err == nil && selector.Matches(labels.Set(t.Deployment.Spec.Template.Labels))
}

// Successor is the pod that replaces one that is gone.
func Successor(pod *corev1.Pod) *corev1.Pod {
	next := pod.DeepCopy()
	next.Name += "-again"
	next.UID = types.UID(key(next))
	next.Spec.NodeName = ""
	return next
}

// Reaches tells whether the volume can be used on the node.
func Reaches(volume *corev1.PersistentVolume, node *corev1.Node) bool {
	if volume.Spec.NodeAffinity == nil || volume.Spec.NodeAffinity.Required == nil {
		return true
	}
	selector, err := nodeaffinity.NewNodeSelector(volume.Spec.NodeAffinity.Required)
	return err == nil && selector.Match(node)
}
