package trial

import (
	"context"
	"encoding/json"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/util/workqueue"
)

// kubelet says in the place of every node's kubelet that the pods on it are ready, and ends those that are to end. Unlike kwok's,
// its Jobs never finish: a scenario asks whether pods find a place, not how long they need it.
type kubelet struct {
	client *kubernetes.Clientset
	queue  workqueue.TypedRateLimitingInterface[duty]
}

// duty is a pod for which there is something to do.
type duty struct {
	namespace, name string
	uid             types.UID
	// ends says that the pod is to end, of which its Job, if it has one, has to know that it did not succeed.
	ends, ofJob bool
}

// kubeletWorkers is how many pods are seen to at a time.
const kubeletWorkers = 8

func startKubelet(ctx context.Context, client *kubernetes.Clientset) *kubelet {
	limits := workqueue.NewTypedItemExponentialFailureRateLimiter[duty](20*time.Millisecond, time.Second)
	k := &kubelet{client, workqueue.NewTypedRateLimitingQueue(limits)}
	context.AfterFunc(ctx, k.queue.ShutDown)
	for range kubeletWorkers {
		go k.work(ctx)
	}
	return k
}

// look sees whether there is something to do for a pod.
func (k *kubelet) look(pod *corev1.Pod) {
	owner := metav1.GetControllerOf(pod)
	d := duty{pod.Namespace, pod.Name, pod.UID, pod.DeletionTimestamp != nil, owner != nil && owner.Kind == "Job"}
	switch {
	case pod.Spec.NodeName == "":
	case d.ends && pod.DeletionGracePeriodSeconds != nil && *pod.DeletionGracePeriodSeconds == 0: // a finalizer holds it, not its node
	case d.ends, !isReady(pod) && pod.Status.Phase != corev1.PodFailed:
		k.queue.Add(d)
	}
}

func (k *kubelet) work(ctx context.Context) {
	for {
		d, ended := k.queue.Get()
		if ended {
			return
		}
		switch err := k.do(ctx, d); {
		case err == nil, ctx.Err() != nil, apierrors.IsNotFound(err), apierrors.IsConflict(err): // done, or it is another pod by now
			k.queue.Forget(d)
		default:
			k.queue.AddRateLimited(d)
		}
		k.queue.Done(d)
	}
}

func (k *kubelet) do(ctx context.Context, d duty) error {
	pods, now := k.client.CoreV1().Pods(d.namespace), metav1.Now()
	state := func(phase corev1.PodPhase, ready corev1.ConditionStatus) error {
		var conditions []corev1.PodCondition
		for _, kind := range []corev1.PodConditionType{corev1.PodInitialized, corev1.ContainersReady, corev1.PodReady} {
			conditions = append(conditions, corev1.PodCondition{Type: kind, Status: ready, LastTransitionTime: now})
		}
		patch, err := json.Marshal(map[string]any{
			"metadata": map[string]any{"uid": d.uid},
			"status":   map[string]any{"phase": phase, "conditions": conditions, "startTime": now},
		})
		if err != nil {
			return err
		}
		_, err = pods.Patch(ctx, d.name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
		return err
	}
	if !d.ends {
		return state(corev1.PodRunning, corev1.ConditionTrue)
	}
	if d.ofJob {
		if err := state(corev1.PodFailed, corev1.ConditionFalse); err != nil {
			return err
		}
	}
	none := int64(0)
	return pods.Delete(ctx, d.name, metav1.DeleteOptions{GracePeriodSeconds: &none, Preconditions: &metav1.Preconditions{UID: &d.uid}})
}

func isReady(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}
