package rules

import (
	"fmt"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// restricted is the profile in its newest version, as the API server of this module's Kubernetes enforces it.
var restricted = api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}

var evaluator = sync.OnceValue(func() policy.Evaluator {
	checks, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		panic(fmt.Sprintf("the checks of pod-security-admission are invalid: %v", err))
	}
	return checks
})

func restrictedProfile(j *judge) {
	for _, w := range j.workloads() {
		// The agents of nodes live there, and nothing is enforced.
		if w.Namespace == metav1.NamespaceSystem {
			continue
		}
		if !j.there(w.Resource, w.In(containers)) || !j.there(w.Resource, w.In(initContainers)) ||
			!j.known(w.Resource, w.In("spec.securityContext")) || !j.known(w.Resource, w.In("spec.volumes")) {
			continue
		}
		judged := true
		for _, part := range []string{containers, initContainers} {
			judged = j.knownInEach(w, part, "securityContext", "ports") && judged
		}
		if !judged {
			continue
		}
		for _, result := range evaluator().EvaluatePod(restricted, &w.Template.ObjectMeta, &w.Template.Spec) {
			if !result.Allowed {
				j.fail(w.Resource, "pods of %s: %s: %s", w.Label, result.ForbiddenReason, result.ForbiddenDetail)
			}
		}
	}
}
