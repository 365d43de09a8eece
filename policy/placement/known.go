package placement

import (
	"regexp"

	"ecommerce-platform/policy/model"
)

// declared tells whether nothing about the object's pods and their namespace is unknown, and records what is.
func (s *Simulation) declared(r *model.Resource) bool {
	spec, namespace := s.known(r, "spec"), s.known(r, "metadata.namespace")
	return spec && namespace
}

// immaterial are the parts of a pod that no scheduler looks at.
var immaterial = regexp.MustCompile(
	`[cC]ontainers\[\d+\]\.(image|env|envFrom|args|command|lifecycle|\w*Probe|securityContext|volumeMounts)\b|\.annotations\b|\.spec\.securityContext\b`)

// known tells whether nothing that decides about placement is unknown below path of r, and records what is.
func (s *Simulation) known(r *model.Resource, path string) bool {
	known := true
	for _, unknown := range r.UnknownBelow(path) {
		if !immaterial.MatchString(unknown) {
			s.Stack.NotEvaluated(r, unknown)
			known = false
		}
	}
	return known
}
