package placement

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"

	"ecommerce-platform/policy/admission"
)

// Govern lets what this stack declares decide about the pods of a cluster from now on. Those that are there stay as they are, and the
// stack's quotas and budgets count them.
func (s *Simulation) Govern(c *Cluster) error {
	c.budgets = func() []*Budget { return s.Budgets(c) }
	c.kept, c.local = s.keptClaims, s.localClaims
	if err := c.Under(s.Admission); err != nil {
		return err
	}
	return s.putClaims(c)
}

// Under lets pods be admitted by this API server from now on.
func (c *Cluster) Under(server *admission.Server) error {
	c.admission, c.ledger = server, server.NewLedger()
	for _, pod := range slices.Concat(c.Pods(), c.Waiting()) {
		if err := c.ledger.Add(pod); err != nil {
			return err
		}
	}
	for _, claim := range c.s.world.claims {
		if err := c.ledger.AddClaim(claim); err != nil {
			return err
		}
	}
	return nil
}

// Make asks the API server for a pod, which then waits for a node: every pod that anything makes comes to be here. It returns the pod as
// the API server completes it, or why it refuses it. A pod that waits already is returned as it is.
func (c *Cluster) Make(pod *corev1.Pod) (*corev1.Pod, *admission.Refusal, error) {
	if waits := c.s.world.waiting[key(pod)]; waits != nil {
		if waits == pod || equality.Semantic.DeepEqual(c.Declared(pod).Spec, pod.Spec) {
			return waits, nil, nil
		}
		if err := c.Remove(waits); err != nil {
			return nil, nil, err
		}
	}
	made, refusal, err := c.admit(pod)
	if err != nil || refusal != nil {
		delete(c.s.world.declared, key(pod))
		return nil, refusal, err
	}
	c.s.world.declared[key(pod)] = pod
	return made, nil, c.wait(made)
}

// admit makes the claims that a controller makes before a pod, and asks whether that may be made.
func (c *Cluster) admit(pod *corev1.Pod) (*corev1.Pod, *admission.Refusal, error) {
	if refusal, err := c.claim(c.kept(pod)); err != nil || refusal != nil {
		return nil, refusal, err
	}
	made, refusal, err := c.admission.Admit(c.s.ctx, pod)
	if err != nil || refusal != nil {
		return nil, refusal, err
	}
	made = at(made, c.home(pod))
	return withoutOwn(made), c.ledger.Refuses(made), nil
}

// wait adds a pod that has no node.
func (c *Cluster) wait(pod *corev1.Pod) error {
	c.s.world.waiting[key(pod)] = pod
	return c.ledger.Add(pod)
}

// unwait takes away a pod that has no node, if there is one of this name.
func (c *Cluster) unwait(pod *corev1.Pod) error {
	waits := c.s.world.waiting[key(pod)]
	if waits == nil {
		return nil
	}
	delete(c.s.world.waiting, key(pod))
	return c.ledger.Remove(waits)
}

func (c *Cluster) restoreWaiting(to map[string]*corev1.Pod) error {
	for _, pod := range c.Waiting() {
		if to[key(pod)] != pod {
			if err := c.unwait(pod); err != nil {
				return err
			}
		}
	}
	for name, pod := range to {
		if c.s.world.waiting[name] == nil {
			if err := c.wait(pod); err != nil {
				return err
			}
		}
	}
	return nil
}

// Put adds a pod that is there already: on its node, whether or not it fits there, or waiting for one. It is completed as one that is
// made, and never refused.
func (c *Cluster) Put(pod *corev1.Pod) error {
	made, _, err := c.admission.Admit(c.s.ctx, pod)
	if err != nil {
		return err
	}
	c.s.world.declared[key(pod)] = pod
	for _, claim := range slices.Concat(c.kept(pod), own(pod)) {
		if err := c.putClaim(claim); err != nil {
			return err
		}
	}
	if made = withoutOwn(made); made.Spec.NodeName == "" {
		return c.wait(made)
	}
	made.Status.StartTime = c.started()
	c.settle(made)
	return c.enter(&bound{pod: made})
}

// Waiting returns the pods that are there without a node, by namespace and name.
func (c *Cluster) Waiting() []*corev1.Pod {
	var pods []*corev1.Pod
	for _, name := range slices.Sorted(maps.Keys(c.s.world.waiting)) {
		pods = append(pods, c.s.world.waiting[name])
	}
	return pods
}

// Declared returns what makes a pod asked for, before the API server completed it, also of one that is gone.
func (c *Cluster) Declared(pod *corev1.Pod) *corev1.Pod {
	if declared := c.s.world.declared[key(pod)]; declared != nil {
		return declared
	}
	return pod
}

// Successor is the pod that is asked for in place of one that is gone.
func (c *Cluster) Successor(pod *corev1.Pod) *corev1.Pod {
	next := c.Declared(pod).DeepCopy()
	next.Name += successor
	next.UID = types.UID(key(next))
	next.Spec.NodeName = ""
	return next
}

// refuse is the outcome of a pod that does not come to be.
func refuse(pod *corev1.Pod, refusal *admission.Refusal) Outcome {
	return Outcome{Pod: pod, Refusal: refusal, Reason: fmt.Sprint(refusal)}
}
