package model

import (
	"encoding/json"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
)

// made is the resource that an object would be which an operator makes of another resource. It stands for that one: what is found there is
// found in what the program declares. What is unknown in the one is in the other.
func made(maker *Resource, token string, object any) *Resource {
	r := &Resource{Maker: maker, AnalyzerResource: policyx.AnalyzerResource{URN: maker.URN, Type: token, Options: maker.Options}}
	if body, err := json.Marshal(object); err == nil {
		_ = json.Unmarshal(body, &r.plain)
	}
	name, _ := r.Text("metadata.name")
	r.Name = name + " of " + PostgresKind + " " + maker.Name
	r.origins = map[string]string{}
	for _, unknown := range maker.Unknowns {
		for _, path := range becomes(unknown) {
			if r.Has(path) || strings.HasPrefix(path, "spec.template") && r.Has("spec.template") {
				r.Unknowns = append(r.Unknowns, path)
				r.origins[path] = unknown
			}
		}
	}
	return r
}

// becomes are the paths in the objects made of a Cluster that a value of it decides about, none for what decides about no object.
func becomes(path string) []string {
	for _, row := range decides {
		if within(path, row.path) {
			return row.about
		}
	}
	return nil
}

const instance = "spec.template.spec."

// decides is what the values of a Cluster decide about, the longer paths first.
var decides = []struct {
	path  string
	about []string
}{
	{"metadata.namespace", []string{"metadata.namespace"}},
	{"spec.instances", []string{"spec.replicas", "spec.minAvailable"}},
	{"spec.imageName", []string{instance + "containers[0].image"}},
	{"spec.imagePullPolicy", []string{instance + "containers[0].imagePullPolicy", instance + "initContainers[0].imagePullPolicy"}},
	{"spec.resources", []string{instance + "containers[0].resources", instance + "initContainers[0].resources"}},
	{"spec.env", []string{instance + "containers[0].env"}},
	{"spec.affinity", []string{instance + "affinity", instance + "nodeSelector", instance + "tolerations"}},
	{"spec.inheritedMetadata.labels", []string{"spec.template.metadata.labels"}},
	{"spec.inheritedMetadata.annotations", []string{"spec.template.metadata.annotations"}},
	{"spec.storage", []string{"spec.volumeClaimTemplates"}},
	{"spec.walStorage", []string{"spec.volumeClaimTemplates"}},
	// What is said to PostgreSQL and of roles, backups and metrics changes no pod.
	{"spec.bootstrap", nil},
	{"spec.postgresql", nil},
	{"spec.superuserSecret", nil},
	{"spec.managed.roles", nil},
	{"spec.monitoring", nil},
	{"spec.backup", nil},
	{"spec.externalClusters", nil},
	{"spec", []string{"spec.template"}},
}

// origin is where the program declares what is at a path of an object that an operator makes: the path itself where nobody knows better.
func (r *Resource) origin(path string) string {
	for at, declared := range r.origins {
		if within(path, at) || within(at, path) {
			return declared
		}
	}
	return path
}
