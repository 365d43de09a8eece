package comment

import (
	"maps"
	"slices"
)

// Plan is every resource that the program declares, by type and name, with its properties by path, as `make preview
// DIFF=file` writes it. Two plans of two versions of the program differ in what the change between them deploys differently,
// whatever is deployed now.
type Plan map[string]map[string]string

// Change is what two plans differ in at one resource.
type Change struct {
	// Op is + for a resource that only the second plan has, - for one that only the first has, ~ for a changed one.
	Op       string
	Resource string
	// Properties of a changed resource, by path.
	Properties []PropertyChange
}

// PropertyChange is one property; an empty side means that it is not set there.
type PropertyChange struct{ Path, Before, After string }

// Diff lists what differs between two plans, ordered by resource.
func Diff(before, after Plan) []Change {
	var changes []Change
	all := maps.Clone(before)
	if all == nil {
		all = Plan{}
	}
	maps.Copy(all, after)
	for _, resource := range slices.Sorted(maps.Keys(all)) {
		old, had := before[resource]
		fresh, has := after[resource]
		switch {
		case !had:
			changes = append(changes, Change{Op: "+", Resource: resource})
		case !has:
			changes = append(changes, Change{Op: "-", Resource: resource})
		default:
			if properties := diffProperties(old, fresh); len(properties) > 0 {
				changes = append(changes, Change{"~", resource, properties})
			}
		}
	}
	return changes
}

func diffProperties(old, fresh map[string]string) []PropertyChange {
	var changes []PropertyChange
	all := map[string]string{}
	maps.Copy(all, old)
	maps.Copy(all, fresh)
	for _, path := range slices.Sorted(maps.Keys(all)) {
		if old[path] != fresh[path] {
			changes = append(changes, PropertyChange{path, old[path], fresh[path]})
		}
	}
	return changes
}
