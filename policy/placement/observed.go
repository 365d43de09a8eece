package placement

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Observe puts the pods of the settled cluster where those of a running one are, and lets wait what waits there. Pods of what the stack
// does not declare are not looked at.
func (s *Simulation) Observe(nodes []corev1.Node, pods []corev1.Pod) error {
	if err := s.Cluster.Restore(s.Settled); err != nil {
		return err
	}
	running := make([]*corev1.Pod, 0, len(pods))
	for i := range pods {
		if pod := &pods[i]; pod.DeletionTimestamp == nil && pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed {
			running = append(running, pod)
		}
	}
	slices.SortFunc(running, func(a, b *corev1.Pod) int { return cmp.Compare(key(a), key(b)) })
	for _, tier := range s.Tiers {
		replace := func(number int, pod *corev1.Pod) *corev1.Pod {
			if tier.Postgres != nil {
				tier.Names[number] = pod.Name
			}
			return tier.Pod(Running, number)
		}
		if err := s.observe(running, tier.observes, tier.Owns, replace); err != nil {
			return err
		}
	}
	if err := s.observeAddons(running); err != nil {
		return err
	}
	s.Settled = s.Cluster.Snapshot()
	s.noteUnready(nodes)
	return nil
}

// observe takes the pods that are ours away, and puts one in the place of each that is theirs.
func (s *Simulation) observe(running []*corev1.Pod, theirs, ours func(*corev1.Pod) bool, replace func(number int, pod *corev1.Pod) *corev1.Pod) error {
	for _, pod := range slices.Concat(s.Cluster.Pods(), s.Cluster.Waiting()) {
		if ours(pod) {
			if err := s.Cluster.Remove(pod); err != nil {
				return err
			}
			s.Cluster.unsettle(pod)
		}
	}
	s.Outcomes = slices.DeleteFunc(s.Outcomes, func(o Outcome) bool { return ours(o.Pod) })
	number := 0
	for _, pod := range running {
		if !theirs(pod) {
			continue
		}
		number++
		own := replace(number, pod)
		if pod.Spec.NodeName == "" {
			if err := s.Cluster.Put(own); err != nil {
				return err
			}
			s.Outcomes = append(s.Outcomes, Outcome{Pod: own, Reason: pendingReason(pod)})
			continue
		}
		if s.Stack.Node(pod.Spec.NodeName) == nil {
			s.Stack.NotEvaluatedFact(fmt.Sprintf("pod %s: it runs on %s, which is no node of this stack", key(pod), pod.Spec.NodeName))
			continue
		}
		own.Spec.NodeName = pod.Spec.NodeName
		if err := s.Cluster.Put(own); err != nil {
			return err
		}
		s.Outcomes = append(s.Outcomes, Outcome{Pod: own, Node: own.Spec.NodeName})
	}
	return nil
}

// observes tells whether a pod of a running cluster is one of the tier's.
func (t *Tier) observes(pod *corev1.Pod) bool {
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil || pod.Namespace != t.Deployment.Namespace {
		return false
	}
	if t.Kind == deploymentKind {
		// The Deployment controller names its ReplicaSets after it and the hash of the template, which each pod has as a label.
		return owner.Kind == "ReplicaSet" && owner.Name == t.Name()+"-"+pod.Labels[appsv1.DefaultDeploymentUniqueLabelKey]
	}
	return owner.Kind == t.Kind && owner.Name == t.Name()
}

// addonLabel tells the cluster's own pods apart, in its manifests as here.
const addonLabel = "k8s-app"

func (s *Simulation) observeAddons(running []*corev1.Pod) error {
	byLabel := map[string][]*corev1.Pod{}
	var order []string
	for _, pod := range s.Addons() {
		label := pod.Labels[addonLabel]
		if byLabel[label] == nil {
			order = append(order, label)
		}
		byLabel[label] = append(byLabel[label], pod)
	}
	for _, label := range order {
		same := func(pod *corev1.Pod) bool {
			owner := metav1.GetControllerOfNoCopy(pod)
			return pod.Namespace == system && pod.Labels[addonLabel] == label && owner != nil && owner.Kind == "ReplicaSet"
		}
		replace := func(number int, _ *corev1.Pod) *corev1.Pod {
			pod := byLabel[label][0].DeepCopy()
			pod.Name = fmt.Sprintf("%s-%d", strings.TrimSuffix(pod.Name, "-1"), number)
			return complete(pod)
		}
		if err := s.observe(running, same, same, replace); err != nil {
			return err
		}
	}
	return nil
}

// pendingReason is the scheduler's own, as it told the API server.
func pendingReason(pod *corev1.Pod) string {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Message != "" {
			return condition.Message
		}
	}
	return "the running cluster has no node for it"
}

// noteUnready names nodes that take no pods at present: the simulation takes them for ready.
func (s *Simulation) noteUnready(nodes []corev1.Node) {
	for _, node := range nodes {
		if s.Stack.Node(node.Name) == nil {
			continue
		}
		if node.Spec.Unschedulable {
			s.Stack.NotEvaluatedFact("node " + node.Name + ": it is cordoned, and was taken as if it were not")
		}
		ready := slices.ContainsFunc(node.Status.Conditions, func(c corev1.NodeCondition) bool {
			return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
		})
		if !ready {
			s.Stack.NotEvaluatedFact("node " + node.Name + ": it is not ready, and was taken as if it were")
		}
	}
}
