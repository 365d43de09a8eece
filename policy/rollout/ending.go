package rollout

import (
	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/policy/placement"
)

// ending are pods that were told to end. The controller of a Deployment does not wait until they have: they may still be there when the
// scheduler looks for a node for the next one.
type ending struct {
	cluster *placement.Cluster
	lingers bool
	pods    []*corev1.Pod
}

// end tells a pod to end.
func (e *ending) end(pod *corev1.Pod) error {
	if e.lingers {
		e.pods = append(e.pods, pod)
		return nil
	}
	return e.cluster.Remove(pod)
}

// schedule offers the scheduler a pod: where it fits nowhere, once more when all that end have.
func (e *ending) schedule(pod *corev1.Pod) (placement.Outcome, error) {
	outcome, err := e.cluster.Schedule(pod)
	if err != nil || outcome.Node != "" || len(e.pods) == 0 {
		return outcome, err
	}
	if err := e.all(); err != nil {
		return outcome, err
	}
	return e.cluster.Schedule(pod)
}

// all ends them.
func (e *ending) all() error {
	for _, pod := range e.pods {
		if err := e.cluster.Remove(pod); err != nil {
			return err
		}
	}
	e.pods = nil
	return nil
}
