package trial

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// trial is a scenario that is tried on a real cluster, in namespaces and on nodes of its own.
type trial struct {
	*Cluster
	scenario Scenario

	mutex   sync.Mutex
	changed chan struct{}
	last    time.Time
	// ready are the pods of each tier that are, and lowest is how few there have been while they were watched.
	ready   map[string]map[string]bool
	lowest  map[string]int
	watched bool

	// wanted are the objects that the cluster was told last, by key.
	wanted map[string]wanted
}

// wanted is an object as the API server took it.
type wanted struct {
	*unstructured.Unstructured
	generation int64
	// refused is why the API server has not taken a pod.
	refused string
}

// count notes whether a pod is ready.
func (t *trial) count(pod *corev1.Pod, gone bool) {
	tier := pod.Labels[tierLabel]
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.ready[tier] == nil {
		t.ready[tier] = map[string]bool{}
	}
	if !gone && pod.DeletionTimestamp == nil && isReady(pod) {
		t.ready[tier][pod.Name] = true
	} else {
		delete(t.ready[tier], pod.Name)
	}
	if few, counts := t.lowest[tier]; counts && t.watched {
		t.lowest[tier] = min(few, len(t.ready[tier]))
	}
}

// readyOf is how many pods of a tier are ready.
func (t *trial) readyOf(tier string) int {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return len(t.ready[tier])
}

// watchLowest begins to note how few pods of each tier are ready, and stopWatching ends that.
func (t *trial) watchLowest() {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.watched, t.lowest = true, map[string]int{}
	for tier, pods := range t.ready {
		t.lowest[tier] = len(pods)
	}
}

func (t *trial) stopWatching() {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.watched = false
}

// lowestSeen is how few pods of each Deployment and StatefulSet there have been since the last time that this was asked.
func (t *trial) lowestSeen() map[string]int {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	defer func() { t.watched, t.lowest = false, nil }()
	seen := map[string]int{}
	for name, few := range t.lowest {
		if tier := t.scenario.after.tier(name); tier != nil && (tier.kind == "Deployment" || tier.kind == "StatefulSet") {
			seen[name] = few
		}
	}
	return seen
}

// apply declares an object, as Pulumi does.
func (t *trial) apply(ctx context.Context, object *unstructured.Unstructured) error {
	kind := resources[object.GetKind()].GroupVersionResource
	options := metav1.ApplyOptions{FieldManager: "calibrate", Force: true}
	var told *unstructured.Unstructured
	var err error
	if namespace := object.GetNamespace(); namespace != "" {
		told, err = t.dynamic.Resource(kind).Namespace(namespace).Apply(ctx, object.GetName(), object, options)
	} else {
		told, err = t.dynamic.Resource(kind).Apply(ctx, object.GetName(), object, options)
	}
	switch {
	case object.GetKind() == "Pod" && (apierrors.IsForbidden(err) || apierrors.IsInvalid(err)):
		t.wanted[key(object)] = wanted{object, 0, err.Error()}
		return nil
	case err != nil:
		return fmt.Errorf("%s: %w", key(object), err)
	}
	t.wanted[key(object)] = wanted{object, told.GetGeneration(), ""}
	t.touch()
	return t.awaitQuota(ctx, object)
}

// awaitQuota waits until a quota counts: before, the API server makes no pod under it.
func (t *trial) awaitQuota(ctx context.Context, object *unstructured.Unstructured) error {
	if object.GetKind() != "ResourceQuota" {
		return nil
	}
	quotas := t.client.CoreV1().ResourceQuotas(object.GetNamespace())
	return poll(ctx, func(ctx context.Context) (bool, error) {
		quota, err := quotas.Get(ctx, object.GetName(), metav1.GetOptions{})
		return err == nil && equality.Semantic.DeepEqual(quota.Spec.Hard, quota.Status.Hard), ignoreNotFound(err)
	})
}

// remove deletes an object and what it has made, and waits until it is gone.
func (t *trial) remove(ctx context.Context, object *unstructured.Unstructured) error {
	client := t.dynamic.Resource(resources[object.GetKind()].GroupVersionResource).Namespace(object.GetNamespace())
	foreground := metav1.DeletePropagationForeground
	if err := client.Delete(ctx, object.GetName(), metav1.DeleteOptions{PropagationPolicy: &foreground}); ignoreNotFound(err) != nil {
		return err
	}
	delete(t.wanted, key(object))
	err := poll(ctx, func(ctx context.Context) (bool, error) {
		_, err := client.Get(ctx, object.GetName(), metav1.GetOptions{})
		return apierrors.IsNotFound(err), ignoreNotFound(err)
	})
	t.touch()
	if err != nil {
		return fmt.Errorf("%s is not deleted: %w", key(object), err)
	}
	return nil
}

// bringUp makes a stack on a new cluster: the control plane first, with what the cluster runs itself.
func (t *trial) bringUp(ctx context.Context, s *stack, m Machines) ([]string, error) {
	if slices.ContainsFunc(s.nodes, func(n node) bool { return n.controlPlane }) {
		if err := t.addNodes(ctx, m, func(name string) bool { return s.node(name).controlPlane }); err != nil {
			return nil, err
		}
		if err := t.applyAddons(ctx, m); err != nil {
			return nil, err
		}
		if err := poll(ctx, t.controllersOffered); err != nil {
			return nil, fmt.Errorf("%s on the control plane: %w", controllers, err)
		}
	}
	if err := t.addNodes(ctx, m, func(name string) bool { return !s.node(name).controlPlane }); err != nil {
		return nil, err
	}
	for _, object := range s.objects(t.scenario.name) {
		if err := t.apply(ctx, object); err != nil {
			return nil, err
		}
	}
	return t.settle(ctx, t.missing)
}

// controllersOffered tells whether the scheduler has decided about Calico's controllers: they run, or wait since the control plane has no
// room for them.
func (t *trial) controllersOffered(ctx context.Context) (bool, error) {
	if t.lacks(t.wanted["Deployment "+controllers]) == "" {
		return true, nil
	}
	pods, err := t.client.CoreV1().Pods(t.scenario.name+systemSuffix).List(ctx, metav1.ListOptions{LabelSelector: "k8s-app=" + controllers})
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(pods.Items, func(pod corev1.Pod) bool {
		return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse
		})
	}), nil
}
