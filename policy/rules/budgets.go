package rules

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// counted is the controllers whose pods a budget counts. It is not judged while a label is unknown.
func (j *judge) counted(b budget) (found []workload, judged bool) {
	if !j.known(b.Resource, "spec.selector") {
		return nil, false
	}
	selector, err := metav1.LabelSelectorAsSelector(b.object.Spec.Selector)
	if err != nil {
		return nil, false // the API server says what is wrong with it
	}
	judged = true
	for _, w := range j.evictable() {
		switch {
		case w.Namespace != b.namespace:
		case !j.known(w.Resource, w.In("metadata.labels")):
			judged = false
		case selector.Matches(labels.Set(w.Template.Labels)):
			found = append(found, w)
		}
	}
	return found, judged
}

func budgetExists(j *judge) {
	counts, judged := map[string]int{}, settled(j, j.Budgets)
	for _, b := range j.budgets() {
		found, complete := j.counted(b)
		judged = judged && complete
		for _, w := range found {
			counts[w.URN]++
		}
	}
	for _, w := range j.evictable() {
		if !j.known(w.Resource, "spec.replicas") || w.Replicas == 0 {
			continue
		}
		switch {
		case counts[w.URN] > 1:
			j.fail(w.Resource, "pods of %s are counted by %d budgets, and the API server refuses to evict such pods",
				w.Label, counts[w.URN])
		case counts[w.URN] == 0 && judged:
			j.fail(w.Resource, "no PodDisruptionBudget counts the pods of %s, so drains may take all of them at once", w.Label)
		}
	}
}

func budgetHonoured(j *judge) {
	for _, b := range j.budgets() {
		found, judged := j.counted(b)
		pods := 0
		for _, w := range found {
			judged = judged && j.known(w.Resource, "spec.replicas")
			pods += int(w.Replicas)
		}
		if !judged || pods == 0 || !j.known(b.Resource, "spec.minAvailable") || !j.known(b.Resource, "spec.maxUnavailable") {
			continue
		}
		allowed, err := allowedDisruptions(&b.object.Spec, pods)
		if err != nil {
			j.fail(b.Resource, "budget %s: %v", b.name, err)
		} else if allowed < 1 && b.Maker != nil {
			j.fail(b.Resource, "budget %s of Cluster %s, which has one instance, lets it not go, so the node that runs it can never be drained, unless instances is 2 or more or enablePDB is false",
				b.name, j.PostgresOf(b.Resource).Value.Name)
		} else if allowed < 1 {
			j.fail(b.Resource, "budget %s lets none of its %d pods go, so a node that runs one can never be drained", b.name, pods)
		}
	}
}
