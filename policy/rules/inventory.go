package rules

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"ecommerce-platform/policy/admission"
	"ecommerce-platform/policy/model"
)

// namespaceHasRoom counts all but pods, which are counted where they are placed. What is there already stays, whatever a quota says, and
// is counted first.
func namespaceHasRoom(j *judge) {
	if len(j.Quotas)+len(j.LimitRanges) == 0 {
		return
	}
	for _, q := range j.Quotas {
		for _, name := range admission.Uncounted(&q.Value) {
			j.NotEvaluated(q.Resource, fmt.Sprintf("spec.hard[%q]", name))
		}
	}
	inventory := admission.Of(j.Stack).NewInventory()
	var fresh []*model.Resource
	objects := map[*model.Resource]admission.Object{}
	for _, r := range slices.Concat(j.Resources, j.Made) {
		object, read := j.object(r, inventory)
		if !read {
			continue
		}
		objects[r] = object
		declared := r
		if r.Maker != nil {
			declared = r.Maker
		}
		if uid, known := declared.Text("metadata.uid"); !known || uid == "" {
			fresh = append(fresh, r)
		} else if err := inventory.Put(object); err != nil {
			j.fail(r, "%v", err)
		}
	}
	for _, r := range fresh {
		refusal, err := inventory.Add(objects[r])
		switch {
		case err != nil:
			j.fail(r, "%v", err)
		case refusal != nil:
			j.fail(r, "%s %s of namespace %s: %s", objects[r].Kind, objects[r].Meta.GetName(), objects[r].Meta.GetNamespace(), refusal)
		}
	}
}

// object is what a resource declares, if a quota may count it and all is known that it counts.
func (j *judge) object(r *model.Resource, inventory *admission.Inventory) (admission.Object, bool) {
	kind := model.Kind(r)
	version, _ := r.Text("apiVersion")
	if version == "" || kind == "Pod" || strings.HasSuffix(kind, "Patch") || !j.known(r, "metadata.namespace") {
		return admission.Object{}, false
	}
	group, err := schema.ParseGroupVersion(version)
	if err != nil {
		return admission.Object{}, false
	}
	resource, _ := meta.UnsafeGuessKindToResource(group.WithKind(kind))
	plain := &metav1.PartialObjectMetadata{}
	plain.Name, plain.Namespace = r.Name, r.Namespace()
	if name, known := r.Text("metadata.name"); known && name != "" {
		plain.Name = name
	}
	object := admission.Object{Object: plain, Meta: plain, Kind: kind, Resource: resource}
	for _, s := range j.Services {
		if s.Resource == r {
			value := s.Value.DeepCopy()
			value.ObjectMeta = plain.ObjectMeta
			object.Object, object.Meta = value, value
			return object, s.Malformed == nil && (!inventory.Counts(plain.Namespace) || j.known(r, "spec.type") && j.known(r, "spec.ports"))
		}
	}
	for _, c := range j.Claims {
		if c.Resource == r {
			value := c.Value.DeepCopy()
			value.ObjectMeta = plain.ObjectMeta
			object.Object, object.Meta = value, value
			return object, c.Malformed == nil && j.known(r, "spec.resources") && j.known(r, "spec.storageClassName")
		}
	}
	return object, true
}
