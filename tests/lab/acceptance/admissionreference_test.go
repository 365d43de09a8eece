package acceptance_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// fate is what became of a pod: refused with an error, on a node, waiting for a reason, or gone after it was there.
type fate struct {
	err          error
	node, reason string
	gone         bool
}

// compared is what the simulation and the real cluster say of one pod.
type compared struct {
	outcome
	real fate
}

// declare makes a namespace with all but the pods, and waits until the API server and the scheduler know of it.
func (r *reference) declare(t *testing.T, namespace string, s scenario) {
	t.Helper()
	ctx, core := t.Context(), r.client.CoreV1()
	_, err := core.Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	require.NoError(t, err)
	for _, object := range s.RuntimeClasses {
		_, err = r.client.NodeV1().RuntimeClasses().Create(ctx, object, metav1.CreateOptions{})
		require.NoError(t, err)
	}
	for _, object := range s.PriorityClasses {
		_, err = r.client.SchedulingV1().PriorityClasses().Create(ctx, object, metav1.CreateOptions{})
		require.NoError(t, err)
	}
	for _, object := range s.LimitRanges {
		object.Namespace = namespace
		_, err = core.LimitRanges(namespace).Create(ctx, object, metav1.CreateOptions{})
		require.NoError(t, err)
	}
	for _, object := range s.Quotas {
		object.Namespace = namespace
		_, err = core.ResourceQuotas(namespace).Create(ctx, object, metav1.CreateOptions{})
		require.NoError(t, err)
		require.Eventually(t, func() bool {
			quota, err := core.ResourceQuotas(namespace).Get(ctx, object.Name, metav1.GetOptions{})
			return err == nil && len(quota.Status.Used) == len(object.Spec.Hard)
		}, decision, poll, "the quota controller says nothing of %s", object.Name)
	}
	for _, node := range s.Nodes {
		_, err = core.Nodes().Create(ctx, node, metav1.CreateOptions{})
		require.NoError(t, err)
		r.probe(t, node.Name)
	}
}

// askAfter makes the pods in the real cluster, one after the other, and then asks the simulation about the same ones.
func (s *simulation) askAfter(t *testing.T, r *reference, c scenario) []compared {
	t.Helper()
	fates := map[string]fate{}
	for _, pod := range c.Pods {
		err := r.create(t, pod)
		fates[pod.Name] = fate{err: err}
		if err == nil {
			r.settle(t, pod)
		}
	}
	for name, f := range fates {
		if f.err != nil {
			continue
		}
		pod, err := r.client.CoreV1().Pods(c.Pods[0].Namespace).Get(t.Context(), name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			fates[name] = fate{gone: true}
			continue
		}
		require.NoError(t, err)
		fates[name] = fate{node: pod.Spec.NodeName, reason: refusal(pod)}
	}
	var all []compared
	for _, o := range s.ask(t, c) {
		all = append(all, compared{o, fates[o.Pod]})
	}
	return all
}

// create makes a pod. A class that the API server has not heard of yet is waited for: it answers from what it watches.
func (r *reference) create(t *testing.T, pod *corev1.Pod) (err error) {
	t.Helper()
	require.Eventually(t, func() bool {
		_, err = r.client.CoreV1().Pods(pod.Namespace).Create(t.Context(), pod.DeepCopy(), metav1.CreateOptions{})
		return err == nil || !strings.Contains(err.Error(), "no PriorityClass with name")
	}, decision, poll)
	return err
}

// settle waits until the scheduler has decided about a pod, and ends those that it preempts, as kubelets would.
func (r *reference) settle(t *testing.T, pod *corev1.Pod) {
	t.Helper()
	pods, now := r.client.CoreV1().Pods(pod.Namespace), int64(0)
	require.Eventually(t, func() bool {
		list, err := pods.List(t.Context(), metav1.ListOptions{})
		if err != nil {
			return false
		}
		decided := false
		for _, p := range list.Items {
			if p.DeletionTimestamp != nil {
				_ = pods.Delete(t.Context(), p.Name, metav1.DeleteOptions{GracePeriodSeconds: &now})
				continue
			}
			if p.Name == pod.Name {
				decided = p.Spec.NodeName != "" || refusal(&p) != "" && p.Status.NominatedNodeName == ""
			}
		}
		return decided
	}, decision, poll, "the scheduler says nothing about %s", pod.Name)
}

// withdrawScenario deletes what declare has made but for the namespace, which holds nothing any more.
func (r *reference) withdrawScenario(t *testing.T, namespace string, s scenario) {
	t.Helper()
	ctx, now := t.Context(), int64(0)
	require.NoError(t, r.client.CoreV1().Pods(namespace).DeleteCollection(ctx, metav1.DeleteOptions{GracePeriodSeconds: &now}, metav1.ListOptions{}))
	for _, node := range s.Nodes {
		require.NoError(t, r.client.CoreV1().Nodes().Delete(ctx, node.Name, metav1.DeleteOptions{}))
	}
	for _, class := range s.RuntimeClasses {
		require.NoError(t, r.client.NodeV1().RuntimeClasses().Delete(ctx, class.Name, metav1.DeleteOptions{}))
	}
	for _, class := range s.PriorityClasses {
		require.NoError(t, r.client.SchedulingV1().PriorityClasses().Delete(ctx, class.Name, metav1.DeleteOptions{}))
	}
}
