package rules

import (
	"ecommerce-platform/policy/model"
)

// credentialsExist looks for the Secrets that the operator of a database is told to take passwords from. Those that it makes itself, pods
// may name.
func (j *judge) credentialsExist(objects map[objectName]referable) {
	for _, r := range j.Made {
		if name, _ := r.Text("metadata.name"); model.Kind(r) == "Secret" {
			objects[objectName{"Secret", r.Namespace(), name}] = referable{}
		}
	}
	for _, p := range j.Postgres {
		if p.Malformed != nil || !j.known(p.Resource, "metadata.namespace") {
			continue
		}
		for _, path := range []string{"spec.superuserSecret.name", "spec.bootstrap.initdb.secret.name"} {
			name, known := j.text(p.Resource, path)
			if !known || name == "" {
				continue
			}
			secret, found := objects[objectName{"Secret", p.Namespace(), name}]
			if !found {
				if j.allNamed("Secret") {
					j.fail(p.Resource, "Cluster %s needs Secret %q, which namespace %s does not have (%s)", p.Value.Name, name, p.Namespace(), path)
				}
				continue
			}
			for _, key := range []string{"username", "password"} {
				if secret.keys != nil && !secret.keys[key] {
					j.fail(p.Resource, "Cluster %s needs key %q of Secret %q, which does not have it (%s)", p.Value.Name, key, name, path)
				}
			}
		}
	}
}
