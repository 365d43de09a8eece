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
	return findings
}
