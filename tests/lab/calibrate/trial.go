package calibrate

import (
	"context"
	"errors"
	"fmt"
	"maps"
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
	*reality
	scenario scenario

	mutex   sync.Mutex
	changed chan struct{}
	last    time.Time
	// ready are the pods of each tier that are, and lowest is how few there have been since it was asked for.
	ready  map[string]map[string]bool
	lowest map[string]int

	// wanted are the objects that the cluster was told last, by key.
	wanted map[string]wanted
}

// wanted is an object as the API server took it.
type wanted struct {
	*unstructured.Unstructured
	generation int64
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
	if few, counts := t.lowest[tier]; counts {
		t.lowest[tier] = min(few, len(t.ready[tier]))
	}
}

// watchLowest begins to note how few pods of each tier are ready.
func (t *trial) watchLowest() {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	clear(t.lowest)
	for tier, pods := range t.ready {
		t.lowest[tier] = len(pods)
	}
}

func (t *trial) lowestSeen() map[string]int {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return maps.Clone(t.lowest)
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
	if err != nil {
		return fmt.Errorf("%s: %w", key(object), err)
	}
	t.wanted[key(object)] = wanted{object, told.GetGeneration()}
	t.touch()
	return nil
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
func (t *trial) bringUp(ctx context.Context, s *stack, m machines) ([]string, error) {
	if slices.ContainsFunc(s.nodes, func(n node) bool { return n.controlPlane }) {
		if err := t.addNodes(ctx, m, func(name string) bool { return s.node(name).controlPlane }); err != nil {
			return nil, err
		}
		if err := t.applyAddons(ctx, m); err != nil {
			return nil, err
		}
		if err := poll(ctx, func(context.Context) (bool, error) { return t.lacks(t.wanted["Deployment "+controllers]) == "", nil }); err != nil {
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

// change takes the cluster from what runs to what is declared, in the order of an update, and returns what is in its way. What
// Pulumi waits for and does not get ends the update.
func (t *trial) change(ctx context.Context, before, after machines) ([]string, error) {
	s := t.scenario
	if err := t.addNodes(ctx, after, func(name string) bool { return s.before.node(name) == nil }); err != nil {
		return nil, err
	}
	var larger []string
	for _, n := range s.after.nodes {
		was := s.before.node(n.name)
		switch {
		case was == nil:
		case was.instanceType != n.instanceType:
			larger = append(larger, n.name)
		default:
			if err := t.changeNode(ctx, after, n.name); err != nil {
				return nil, err
			}
		}
	}
	for _, name := range larger {
		if held, err := t.drain(ctx, name); err != nil || len(held) > 0 {
			return held, err
		}
		if err := t.changeNode(ctx, after, name); err != nil {
			return nil, err
		}
		if _, err := t.settle(ctx, t.missing); err != nil {
			return nil, err
		}
	}
	if !equality.Semantic.DeepEqual(before.Addons, after.Addons) {
		if err := t.applyAddons(ctx, after); err != nil {
			return nil, err
		}
	}
	awaited, err := t.applyChanges(ctx)
	if err != nil {
		return nil, err
	}
	if lacks, err := t.settle(ctx, func() []string { return t.missingOf(awaited) }); err != nil || len(lacks) > 0 {
		return lacks, err
	}
	for _, n := range s.before.nodes {
		if s.after.node(n.name) != nil {
			continue
		}
		if held, err := t.drain(ctx, n.name); err != nil || len(held) > 0 {
			return held, err
		}
		if err := t.removeNode(ctx, n.name); err != nil {
			return nil, err
		}
	}
	declared := byKey(s.after.objects(s.name))
	gone := s.before.objects(s.name)
	slices.Reverse(gone)
	for _, object := range gone {
		if declared[key(object)] == nil {
			if err := t.remove(ctx, object); err != nil {
				return nil, err
			}
		}
	}
	return t.settle(ctx, t.missing)
}

// applyChanges declares what is new or differs, and returns the keys of what Pulumi waits for.
func (t *trial) applyChanges(ctx context.Context) (awaited []string, err error) {
	s := t.scenario
	was := byKey(s.before.objects(s.name))
	for _, object := range s.after.objects(s.name) {
		old := was[key(object)]
		if old != nil && equality.Semantic.DeepEqual(old.Object, object.Object) {
			continue
		}
		if kind := object.GetKind(); old != nil && (kind == "Job" || kind == "Pod") {
			if err := t.remove(ctx, object); err != nil {
				return nil, err
			}
		}
		if err := t.apply(ctx, object); err != nil {
			return nil, err
		}
		if object.GetKind() != "ReplicaSet" { // https://github.com/pulumi/pulumi-kubernetes: Pulumi awaits the other kinds that make pods
			awaited = append(awaited, key(object))
		}
	}
	return awaited, nil
}

func byKey(objects []*unstructured.Unstructured) map[string]*unstructured.Unstructured {
	keyed := map[string]*unstructured.Unstructured{}
	for _, object := range objects {
		keyed[key(object)] = object
	}
	return keyed
}

// probe does what somebody does after the change, and returns what is in the way.
func (t *trial) probe(ctx context.Context) ([]string, error) {
	switch p := t.scenario.probe; {
	case p.node != "":
		return t.drain(ctx, p.node)
	case p.tier != "":
		again := *t.scenario.after.tier(p.tier)
		again.template = *again.template.DeepCopy()
		again.template.Annotations = map[string]string{"restarted": "yes"}
		object := plain(again.kind, again.maker(metav1.ObjectMeta{Name: again.name, Namespace: t.scenario.name}))
		if err := t.apply(ctx, object); err != nil {
			return nil, err
		}
		return t.settle(ctx, func() []string { return t.missingOf([]string{key(object)}) })
	default:
		return nil, errors.New("a scenario tries something")
	}
}
