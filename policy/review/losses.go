package review

import (
	"fmt"
	"reflect"
	"slices"

	"ecommerce-platform/policy/model"
)

// dataKept is the rule that this analysis adds to, where what runs is known.
const dataKept = "data-kept"

// holders are the types whose resources hold data, each with the properties that make another one of it.
var holders = map[string][]string{
	"kubernetes:core/v1:Namespace":             {"metadata.name"},
	"kubernetes:core/v1:PersistentVolume":      {"metadata.name"},
	"kubernetes:core/v1:PersistentVolumeClaim": {"metadata.name", "metadata.namespace", "spec.storageClassName", "spec.volumeName"},
	model.PostgresType:                         {"metadata.name", "metadata.namespace"},
	model.VolumeType:                           {"availabilityZone", "encrypted", "kmsKeyId", "snapshotId"},
}

// losses are what holds data in what runs, and that the program no longer declares, or declares so that it becomes another one.
func losses(before, after *model.Stack) []Finding {
	const remedy = "leave it as it is, or take a backup first and restore it afterwards"
	var findings []Finding
	for _, was := range before.Resources {
		replaces, holds := holders[was.Type]
		what := "what is in it"
		if was.Type == model.InstanceType {
			kept, _ := was.Text("tags.Holds")
			holds, what = kept != "", "what its disk holds of "+kept
		}
		if was.Type == model.PostgresType {
			what = "its instances with their claims, and the database in them"
		}
		if !holds {
			continue
		}
		is := after.ByURN(was.URN)
		if is == nil {
			findings = append(findings, Finding{Message: fmt.Sprintf("%s is deleted by this change, and with it goes %s; %s", was, what, remedy)})
			continue
		}
		changed := slices.DeleteFunc(slices.Clone(replaces), func(path string) bool {
			from, known := was.Value(path)
			to, knownToo := is.Value(path)
			return !known || !knownToo || reflect.DeepEqual(from, to)
		})
		if len(changed) > 0 {
			findings = append(findings, Finding{Resource: is.URN, Message: fmt.Sprintf(
				"%s is replaced by this change of %s, and with it goes %s; %s", was, changed[0], what, remedy)})
		}
	}
	return append(findings, unmoved(before, after)...)
}

// unmoved are databases that take the place of another object, whose data nothing brings to them.
func unmoved(before, after *model.Stack) []Finding {
	var findings []Finding
	for _, p := range after.Postgres {
		if before.PostgresOf(p.Resource) != nil || before.ByURN(p.URN) != nil || p.Malformed != nil {
			continue
		}
		for _, w := range before.Workloads {
			if w.Label == p.Value.Name && w.Namespace == p.Value.Namespace && w.Replaced() {
				findings = append(findings, Finding{Resource: p.URN, Message: fmt.Sprintf(
					"Cluster %s takes the place of %s %s by this change and begins without data: nothing brings what the other one holds; take a backup before, and restore it afterwards",
					p.Value.Name, w.Kind, w.Label)})
			}
		}
	}
	return findings
}
