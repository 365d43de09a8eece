package rules

import (
	"slices"
	"strings"

	"ecommerce-platform/policy/model"
)

// objectsUnique compares objects by type, namespace and name. Those whose names Pulumi makes up never meet.
func objectsUnique(j *judge) {
	type identity struct{ kind, namespace, name string }
	first := map[identity]*model.Resource{}
	// An operator takes up a Secret or an account that is there. What it keeps as it made it cannot be the program's as well.
	made := slices.DeleteFunc(slices.Clone(j.Made), func(r *model.Resource) bool { return !r.Has("spec") })
	for _, r := range slices.Concat(j.Resources, made) {
		kind := model.Kind(r)
		if kind == "" || strings.HasSuffix(kind, "Patch") || strings.Contains(r.Type, ":helm.sh/") || strings.Contains(r.Type, ":yaml") ||
			!j.known(r, "metadata.name") || !j.known(r, "metadata.namespace") {
			continue
		}
		name, _ := r.Text("metadata.name")
		if name == "" {
			continue
		}
		id := identity{r.Type, r.Namespace(), name}
		if other := first[id]; other != nil {
			names := []string{other.Name, r.Name}
			slices.Sort(names)
			j.fail(r, "%s %s/%s is declared by %s", kind, id.namespace, name, strings.Join(names, " and "))
			continue
		}
		first[id] = r
	}
}
