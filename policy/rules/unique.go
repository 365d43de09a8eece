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
	for _, r := range j.Resources {
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
