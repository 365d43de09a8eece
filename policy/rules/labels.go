package rules

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation"
)

func labelsValid(j *judge) {
	for _, w := range j.workloads() {
		if !j.known(w.Resource, w.In("metadata.labels")) {
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(w.Template.Labels)) {
			value := w.Template.Labels[key]
			if len(validation.IsQualifiedName(key))+len(validation.IsValidLabelValue(value)) > 0 {
				j.fail(w.Resource, "pods of %s have the label %s=%q", w.Label, key, value)
			}
		}
	}
}
