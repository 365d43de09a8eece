package trial

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

// Cluster is a real control plane, whose kubelets a stand-in plays, and what the API server tells of it.
type Cluster struct {
	client  *kubernetes.Clientset
	dynamic *dynamic.DynamicClient
	seen    informers.SharedInformerFactory
	kubelet *kubelet

	echoes atomic.Int64
	mutex  sync.Mutex
	trials map[string]*trial
}

// Connect follows the control plane until ctx ends.
func Connect(ctx context.Context, kubeconfig string) (*Cluster, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = 2000, 2000
	c := &Cluster{trials: map[string]*trial{}}
	if c.client, err = kubernetes.NewForConfig(config); err != nil {
		return nil, err
	}
	if c.dynamic, err = dynamic.NewForConfig(config); err != nil {
		return nil, err
	}
	c.kubelet = startKubelet(ctx, c.client)
	c.seen = informers.NewSharedInformerFactory(c.client, 0)
	core, apps := c.seen.Core().V1(), c.seen.Apps().V1()
	for _, informer := range []cache.SharedIndexInformer{
		core.Pods().Informer(), apps.Deployments().Informer(), apps.ReplicaSets().Informer(), apps.StatefulSets().Informer(),
		apps.DaemonSets().Informer(), c.seen.Batch().V1().Jobs().Informer(), c.seen.Policy().V1().PodDisruptionBudgets().Informer(),
		core.PersistentVolumeClaims().Informer(),
	} {
		if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc: func(object any) { c.tell(object, false) },
			UpdateFunc: func(before, object any) {
				if !saysNothing(before, object) {
					c.tell(object, false)
				}
			},
			DeleteFunc: func(object any) { c.tell(object, true) },
		}); err != nil {
			return nil, err
		}
	}
	c.seen.Start(ctx.Done())
	for kind, synced := range c.seen.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return nil, fmt.Errorf("following %s: %w", kind, context.Cause(ctx))
		}
	}
	return c, c.prepareEcho(ctx)
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
func (c *Cluster) tell(object any, gone bool) {
	if last, ok := object.(cache.DeletedFinalStateUnknown); ok {
		object = last.Obj
	}
	meta, ok := object.(metav1.Object)
	if !ok {
		return
	}
	pod, isPod := object.(*corev1.Pod)
	if isPod && !gone {
		c.kubelet.look(pod)
	}
	c.mutex.Lock()
	t := c.trials[strings.TrimSuffix(meta.GetNamespace(), systemSuffix)]
	c.mutex.Unlock()
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

// enter makes the namespaces of a scenario, unless an earlier try has, and follows what is in them.
func (c *Cluster) enter(ctx context.Context, s Scenario) (*trial, error) {
	t := &trial{
		Cluster: c, scenario: s, changed: make(chan struct{}, 1), last: time.Now(), wanted: map[string]wanted{},
		ready: map[string]map[string]bool{},
	}
	c.mutex.Lock()
	c.trials[s.name] = t
	c.mutex.Unlock()
	for _, name := range t.namespaces() {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if _, err := c.client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			return t, err
		}
	}
	return t, nil
}

func (t *trial) namespaces() []string {
	return []string{t.scenario.name, t.scenario.name + systemSuffix}
}

// leave removes all that the scenario made but its namespaces: what the API server does to delete one takes longer than most scenarios.
func (c *Cluster) leave(ctx context.Context, t *trial) error {
	background := metav1.DeletePropagationBackground
	for _, namespace := range t.namespaces() {
		for _, name := range slices.Concat(makerKinds, slices.Sorted(maps.Keys(resources))) {
			kind := resources[name]
			if !kind.namespaced {
				continue
			}
			err := c.dynamic.Resource(kind.GroupVersionResource).Namespace(namespace).DeleteCollection(
				ctx, metav1.DeleteOptions{PropagationPolicy: &background}, metav1.ListOptions{})
			if err != nil {
				return fmt.Errorf("%s in %s: %w", kind.Resource, namespace, err)
			}
		}
	}
	if err := poll(ctx, t.gone); err != nil {
		return fmt.Errorf("namespaces %v are not empty: %w", t.namespaces(), err)
	}
	for _, stack := range []*stack{t.scenario.before, t.scenario.after} {
		for _, object := range stack.objects(t.scenario.name) {
			kind := resources[object.GetKind()]
			if kind.namespaced {
				continue
			}
			if err := c.dynamic.Resource(kind.GroupVersionResource).Delete(ctx, object.GetName(), metav1.DeleteOptions{}); ignoreNotFound(err) != nil {
				return err
			}
		}
	}
	c.mutex.Lock()
	delete(c.trials, t.scenario.name)
	c.mutex.Unlock()
	return c.client.CoreV1().Nodes().DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: caseLabel + "=" + t.scenario.name})
}

// gone tells whether nothing is left that a later try of the same scenario could meet.
func (t *trial) gone(ctx context.Context) (bool, error) {
	for _, namespace := range t.namespaces() {
		if pods, err := t.seen.Core().V1().Pods().Lister().Pods(namespace).List(labels.Everything()); err != nil || len(pods) > 0 {
			return false, err
		}
		for _, kind := range resources {
			if !kind.namespaced {
				continue
			}
			left, err := t.dynamic.Resource(kind.GroupVersionResource).Namespace(namespace).List(ctx, metav1.ListOptions{})
			if err != nil || len(left.Items) > 0 {
				return false, err
			}
		}
	}
	return true, nil
}
