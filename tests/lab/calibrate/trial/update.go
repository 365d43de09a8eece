package trial

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// change takes the cluster from what runs to what is declared, in the order of an update, and returns what is in its way. What
// Pulumi waits for and does not get ends the update.
func (t *trial) change(ctx context.Context, before, after Machines) ([]string, error) {
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
	t.watchLowest()
	awaited, err := t.applyChanges(ctx)
	if err != nil {
		return nil, err
	}
	if lacks, err := t.settle(ctx, func() []string { return t.missingOf(awaited) }); err != nil || len(lacks) > 0 {
		return lacks, err
	}
	t.stopWatching() // what follows takes pods away for another reason
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
	p := t.scenario.Probe
	switch {
	case p.CronJob != "":
		return t.probeRun(ctx)
	case p.Node != "":
		return t.drain(ctx, p.Node)
	}
	t.watchLowest()
	again := *t.scenario.after.tier(p.Tier)
	again.template = *again.template.DeepCopy()
	again.template.Annotations = map[string]string{"restarted": "yes"}
	object := plain(again.kind, again.maker(metav1.ObjectMeta{Name: again.name, Namespace: t.scenario.name}))
	if err := t.apply(ctx, object); err != nil {
		return nil, err
	}
	return t.settle(ctx, func() []string { return t.missingOf([]string{key(object)}) })
}
