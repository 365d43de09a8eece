package rules

// autoscalerHasTarget looks for the object that an autoscaler scales among those that the stack declares. Another kind than those that
// make pods here may be an operator's.
func autoscalerHasTarget(j *judge) {
	for _, a := range named(j, j.Scalers) {
		target := a.object.Spec.ScaleTargetRef
		if !j.known(a.Resource, "spec.scaleTargetRef") || target.Kind != "Deployment" && target.Kind != "StatefulSet" && target.Kind != "ReplicaSet" {
			continue
		}
		found, judged := false, j.allWorkloads()
		for _, w := range j.evictable() {
			if w.Namespace != a.namespace || w.Kind != target.Kind {
				continue
			}
			if !j.known(w.Resource, "metadata.name") {
				judged = false
			}
			found = found || w.Label == target.Name
		}
		if judged && !found {
			j.fail(a.Resource, "HorizontalPodAutoscaler %s scales %s %s, which namespace %s does not have", a.name, target.Kind, target.Name, a.namespace)
		}
	}
}
