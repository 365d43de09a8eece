package rules

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation"
)

func labelsValid(j *judge) {
	for _, w := range j.workloads() {
		if !j.known(w.Resource, "spec.template.metadata.labels") {
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(w.template.Labels)) {
			value := w.template.Labels[key]
			if len(validation.IsQualifiedName(key))+len(validation.IsValidLabelValue(value)) > 0 {
				j.fail(w.Resource, "pods of %s have the label %s=%q", w.name, key, value)
			}
		}
	}
}
