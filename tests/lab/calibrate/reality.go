package calibrate

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

// reality is a real control plane, whose kubelets a stand-in plays, and what the API server tells of it.
type reality struct {
	client  *kubernetes.Clientset
	dynamic *dynamic.DynamicClient
	seen    informers.SharedInformerFactory
	kubelet *kubelet

	echoes atomic.Int64
	mutex  sync.Mutex
	trials map[string]*trial
}

// connect follows the control plane until ctx ends.
func connect(ctx context.Context, kubeconfig string) (*reality, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = 2000, 2000
	r := &reality{trials: map[string]*trial{}}
	if r.client, err = kubernetes.NewForConfig(config); err != nil {
		return nil, err
	}
	if r.dynamic, err = dynamic.NewForConfig(config); err != nil {
		return nil, err
	}
	r.kubelet = startKubelet(ctx, r.client)
	r.seen = informers.NewSharedInformerFactory(r.client, 0)
	core, apps := r.seen.Core().V1(), r.seen.Apps().V1()
	for _, informer := range []cache.SharedIndexInformer{
		core.Pods().Informer(), apps.Deployments().Informer(), apps.ReplicaSets().Informer(), apps.StatefulSets().Informer(),
		apps.DaemonSets().Informer(), r.seen.Batch().V1().Jobs().Informer(), r.seen.Policy().V1().PodDisruptionBudgets().Informer(),
		core.PersistentVolumeClaims().Informer(),
	} {
		if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc: func(object any) { r.tell(object, false) },
			UpdateFunc: func(before, object any) {
				if !saysNothing(before, object) {
					r.tell(object, false)
				}
			},
			DeleteFunc: func(object any) { r.tell(object, true) },
		}); err != nil {
			return nil, err
		}
	}
	r.seen.Start(ctx.Done())
	for kind, synced := range r.seen.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return nil, fmt.Errorf("following %s: %w", kind, context.Cause(ctx))
		}
	}
	return r, r.prepareEcho(ctx)
}

// saysNothing tells whether all that has changed of a pod is the scheduler's reason, which counts the nodes of every scenario.
func saysNothing(before, now any) bool {
	was, wasPod := before.(*corev1.Pod)
	is, isPod := now.(*corev1.Pod)
	return wasPod && isPod && was.UID == is.UID && was.Spec.NodeName == is.Spec.NodeName && was.Status.Phase == is.Status.Phase &&
		isReady(was) == isReady(is) && (refusal(was) == "") == (refusal(is) == "") &&
		(was.DeletionTimestamp == nil) == (is.DeletionTimestamp == nil)
}

// tell passes an object that has changed or is gone to the kubelet and to the trial that it is of.
func (r *reality) tell(object any, gone bool) {
	if last, ok := object.(cache.DeletedFinalStateUnknown); ok {
		object = last.Obj
	}
	meta, ok := object.(metav1.Object)
	if !ok {
		return
	}
	pod, isPod := object.(*corev1.Pod)
	if isPod && !gone {
		r.kubelet.look(pod)
	}
	r.mutex.Lock()
	t := r.trials[strings.TrimSuffix(meta.GetNamespace(), systemSuffix)]
	r.mutex.Unlock()
	if t == nil {
		return
	}
	if isPod {
		t.count(pod, gone)
	}
	t.touch()
}

// systemSuffix ends the name of the namespace that stands for kube-system in a trial.
const systemSuffix = "-system"

// enter makes the namespaces of a scenario and follows what is in them.
func (r *reality) enter(ctx context.Context, s scenario) (*trial, error) {
	t := &trial{
		reality: r, scenario: s, changed: make(chan struct{}, 1), last: time.Now(), wanted: map[string]wanted{},
		ready: map[string]map[string]bool{}, lowest: map[string]int{},
	}
	r.mutex.Lock()
	r.trials[s.name] = t
	r.mutex.Unlock()
	for _, name := range []string{s.name, s.name + systemSuffix} {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if _, err := r.client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil {
			return t, err
		}
	}
	return t, nil
}

// leave removes all that the scenario made.
func (r *reality) leave(ctx context.Context, t *trial) error {
	background, everything := metav1.DeletePropagationBackground, metav1.ListOptions{}
	namespaces := []string{t.scenario.name, t.scenario.name + systemSuffix}
	for _, name := range namespaces {
		if err := r.client.CoreV1().Namespaces().Delete(ctx, name, metav1.DeleteOptions{PropagationPolicy: &background}); err != nil {
			return err
		}
	}
	gone := func(ctx context.Context) (bool, error) {
		for _, name := range namespaces {
			if left, err := r.client.CoreV1().Pods(name).List(ctx, everything); err != nil || len(left.Items) > 0 {
				return false, err
			}
			if _, err := r.client.CoreV1().Namespaces().Get(ctx, name, metav1.GetOptions{}); err == nil {
				return false, nil
			}
		}
		return true, nil
	}
	if err := poll(ctx, gone); err != nil {
		return fmt.Errorf("namespaces %v are not deleted: %w", namespaces, err)
	}
	for _, stack := range []*stack{t.scenario.before, t.scenario.after} {
		for _, object := range stack.objects(t.scenario.name) {
			kind := resources[object.GetKind()]
			if kind.namespaced {
				continue
			}
			if err := r.dynamic.Resource(kind.GroupVersionResource).Delete(ctx, object.GetName(), metav1.DeleteOptions{}); ignoreNotFound(err) != nil {
				return err
			}
		}
	}
	r.mutex.Lock()
	delete(r.trials, t.scenario.name)
	r.mutex.Unlock()
	return r.client.CoreV1().Nodes().DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: caseLabel + "=" + t.scenario.name})
}
