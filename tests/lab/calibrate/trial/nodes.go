package trial

import (
	"context"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/util/retry"
)

// residentLabel is on the pods that come with a node, and are never moved.
const residentLabel = "resident"

// controllers is Calico's own Deployment.
const controllers = "calico-kube-controllers"

// addNodes registers the nodes, as kubelets do, with the pods that come with them.
func (t *trial) addNodes(ctx context.Context, m Machines, those func(string) bool) error {
	for _, declared := range m.Nodes {
		if !those(declared.Name) {
			continue
		}
		node := declared.DeepCopy()
		node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "Written"}}
		if _, err := t.client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{}); err != nil {
			return err
		}
		if err := t.putResidents(ctx, m, node.Name); err != nil {
			return err
		}
	}
	t.touch()
	return nil
}

func (t *trial) putResidents(ctx context.Context, m Machines, node string) error {
	for _, declared := range m.Residents {
		if declared.Spec.NodeName != node {
			continue
		}
		pod := &corev1.Pod{Spec: *declared.Spec.DeepCopy()}
		pod.Name, pod.Namespace, pod.Labels = declared.Name, t.scenario.name+systemSuffix, map[string]string{residentLabel: "yes"}
		completeContainers(&pod.Spec)
		if _, err := t.client.CoreV1().Pods(pod.Namespace).Create(ctx, pod, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// completeContainers gives the containers what the pack has no use for, and leaves the priority to the API server.
func completeContainers(spec *corev1.PodSpec) {
	spec.Priority = nil
	for i := range spec.Containers {
		spec.Containers[i].Image = "registry.example/system:1"
	}
}

// applyAddons declares the cluster's own pods that are scheduled: two of the DNS, one of Calico's controllers.
func (t *trial) applyAddons(ctx context.Context, m Machines) error {
	replicas := map[string]int32{}
	specs := map[string]*corev1.Pod{}
	for _, pod := range m.Addons {
		name := metav1.GetControllerOf(pod).Name
		replicas[name]++
		specs[name] = pod
	}
	for name, pod := range specs {
		template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: pod.Labels}, Spec: *pod.Spec.DeepCopy()}
		completeContainers(&template.Spec)
		template.Spec.NodeSelector = map[string]string{corev1.LabelOSStable: "linux", caseLabel: t.scenario.name}
		count, fewer := replicas[name], intstr.FromInt32(1)
		deployment := &appsv1.Deployment{
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: t.scenario.name + systemSuffix},
			Spec: appsv1.DeploymentSpec{
				Replicas: &count, Selector: &metav1.LabelSelector{MatchLabels: pod.Labels}, Template: template,
				Strategy: appsv1.DeploymentStrategy{
					Type: appsv1.RollingUpdateDeploymentStrategyType, RollingUpdate: &appsv1.RollingUpdateDeployment{MaxUnavailable: &fewer},
				},
			},
		}
		if name == controllers {
			deployment.Spec.Strategy = appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType}
		}
		if err := t.apply(ctx, plain("Deployment", deployment)); err != nil {
			return err
		}
	}
	return nil
}

// changeNode gives a node the labels, taints and sizes that it has in these machines, and opens it.
func (t *trial) changeNode(ctx context.Context, m Machines, name string) error {
	at := slices.IndexFunc(m.Nodes, func(n *corev1.Node) bool { return n.Name == name })
	if at < 0 {
		return fmt.Errorf("node %s is not declared", name)
	}
	wanted, nodes := m.Nodes[at], t.client.CoreV1().Nodes()
	defer t.touch()
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		node, err := nodes.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		node.Labels, node.Spec.Taints, node.Spec.Unschedulable = wanted.Labels, wanted.Spec.Taints, false
		if node, err = nodes.Update(ctx, node, metav1.UpdateOptions{}); err != nil {
			return err
		}
		node.Status.Capacity, node.Status.Allocatable = wanted.Status.Capacity, wanted.Status.Allocatable
		_, err = nodes.UpdateStatus(ctx, node, metav1.UpdateOptions{})
		return err
	})
}

// removeNode takes a drained node away, with what is left on it.
func (t *trial) removeNode(ctx context.Context, name string) error {
	none := int64(0)
	for _, pod := range t.podsOn(name) {
		if err := t.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &none}); ignoreNotFound(err) != nil {
			return err
		}
	}
	defer t.touch()
	return t.client.CoreV1().Nodes().Delete(ctx, name, metav1.DeleteOptions{})
}

// podsOn are the scenario's pods on a node.
func (t *trial) podsOn(node string) []*corev1.Pod {
	var pods []*corev1.Pod
	for _, namespace := range []string{t.scenario.name, t.scenario.name + systemSuffix} {
		all, _ := t.seen.Core().V1().Pods().Lister().Pods(namespace).List(labels.Everything())
		for _, pod := range all {
			if pod.Spec.NodeName == node {
				pods = append(pods, pod)
			}
		}
	}
	return pods
}

// evictEvery is how long a drain waits before it tries again what a budget has refused.
const evictEvery = 200 * time.Millisecond

// drain empties a node as `kubectl drain --force --ignore-daemonsets` does, and returns why pods stay once nothing moves any more.
func (t *trial) drain(ctx context.Context, name string) ([]string, error) {
	cordon := []byte(`{"spec": {"unschedulable": true}}`)
	if _, err := t.client.CoreV1().Nodes().Patch(ctx, name, types.StrategicMergePatchType, cordon, metav1.PatchOptions{}); err != nil {
		return nil, err
	}
	t.touch()
	again := time.NewTicker(evictEvery)
	defer again.Stop()
	for {
		left := t.evictable(name)
		if len(left) == 0 {
			return nil, nil
		}
		refused, err := t.evict(ctx, left)
		if err != nil {
			return nil, err
		}
		if still := t.since(); len(refused) > 0 && still >= t.stillness() {
			if err := t.echo(ctx); err != nil {
				return nil, err
			}
			if t.since() >= still && !t.undecided() {
				return refused, nil
			}
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// evict asks for the end of pods, and returns for which that is refused.
func (t *trial) evict(ctx context.Context, pods []*corev1.Pod) (refused []string, err error) {
	for _, pod := range pods {
		if pod.DeletionTimestamp != nil {
			continue
		}
		err := t.client.PolicyV1().Evictions(pod.Namespace).Evict(ctx, &policyv1.Eviction{
			ObjectMeta:    metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace},
			DeleteOptions: &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &pod.UID}},
		})
		switch {
		case apierrors.IsNotFound(err), apierrors.IsConflict(err): // it went by itself
		case apierrors.IsTooManyRequests(err), apierrors.IsInternalError(err):
			refused = append(refused, fmt.Sprintf("pod %s may not leave %s: %s", pod.Name, pod.Spec.NodeName, err))
		case err != nil:
			return nil, err
		}
	}
	return refused, nil
}

// evictable are the pods on a node that a drain evicts.
func (t *trial) evictable(node string) []*corev1.Pod {
	return slices.DeleteFunc(t.podsOn(node), func(pod *corev1.Pod) bool {
		owner := metav1.GetControllerOf(pod)
		return pod.Labels[residentLabel] != "" || owner != nil && owner.Kind == "DaemonSet"
	})
}
