package trial

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/wait"
)

const (
	// calm is how long a cluster that is as wanted has to stay so, for controllers to say what else they have to do.
	calm = 400 * time.Millisecond
	// quiet is how long nothing may happen in a cluster that is not as wanted before it is taken to stay so: three times as long as
	// the scheduler waits before it tries a pod again.
	quiet = 3 * time.Second
	// afterJob is that time where a Job is short of pods: its controller waits before it makes one anew.
	afterJob = 25 * time.Second
	// patience is how long a step may take on a busy machine.
	patience = 5 * time.Minute
)

// touch notes that something has happened.
func (t *trial) touch() {
	t.mutex.Lock()
	t.last = time.Now()
	t.mutex.Unlock()
	select {
	case t.changed <- struct{}{}:
	default:
	}
}

func (t *trial) since() time.Duration {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return time.Since(t.last)
}

// settle waits until missing says that nothing is, or until nothing moves any more, and returns what is missing then. That nothing
// moves is believed only of controllers, a scheduler and kubelets that answer meanwhile.
func (t *trial) settle(ctx context.Context, missing func() []string) ([]string, error) {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		lacks, limit := missing(), calm
		if len(lacks) > 0 {
			limit = t.stillness()
		}
		if t.since() >= limit {
			if len(lacks) == 0 {
				return nil, nil
			}
			if err := t.echo(ctx); err != nil {
				return nil, err
			}
			if t.since() >= limit && !t.undecided() {
				return missing(), nil
			}
		}
		select {
		case <-t.changed:
		case <-time.After(max(limit-t.since(), time.Second/10)):
		case <-deadline.C:
			return nil, fmt.Errorf("%s moves for more than %s, and lacks %v", t.scenario.name, patience, lacks)
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// undecided tells whether a pod waits for a kubelet, for the scheduler's first word or for a controller that counts it.
func (t *trial) undecided() bool {
	if slices.ContainsFunc(t.missing(), func(lack string) bool { return strings.HasSuffix(lack, uncounted) }) {
		return true
	}
	pods, _ := t.seen.Core().V1().Pods().Lister().Pods(t.scenario.name).List(labels.Everything())
	return slices.ContainsFunc(pods, func(pod *corev1.Pod) bool {
		return !isReady(pod) && refusal(pod) == "" && pod.Status.Phase != corev1.PodFailed
	})
}

// stillness is how long nothing happens in a cluster in which nothing will.
func (t *trial) stillness() time.Duration {
	for _, w := range t.wanted {
		if w.GetKind() == "Job" && t.lacks(w) != "" {
			return afterJob
		}
	}
	return quiet
}

// poll asks until the answer is yes.
func poll(ctx context.Context, ask wait.ConditionWithContextFunc) error {
	return wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, patience, true, ask)
}

func ignoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// echoName is the namespace, and the node, of Deployments that are nobody's.
const echoName = "echo"

func (c *Cluster) prepareEcho(ctx context.Context) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: echoName}}
	if _, err := c.client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil {
		return err
	}
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: echoName, Labels: map[string]string{echoName: echoName}}}
	node.Status.Allocatable = corev1.ResourceList{corev1.ResourcePods: resource.MustParse("1000")}
	node.Status.Capacity = node.Status.Allocatable
	_, err := c.client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
	return err
}

// echo returns when a new Deployment has a ready pod: whatever controllers, scheduler and kubelets had to do before, they have
// looked at.
func (c *Cluster) echo(ctx context.Context) error {
	name := fmt.Sprintf("%s-%d", echoName, c.echoes.Add(1))
	deployments := c.client.AppsV1().Deployments(echoName)
	_, err := deployments.Create(ctx, &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.DeploymentSpec{Selector: named(name), Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: named(name).MatchLabels},
			Spec: corev1.PodSpec{
				NodeSelector: map[string]string{echoName: echoName}, Containers: []corev1.Container{{Name: echoName, Image: echoName}},
			},
		}},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	err = poll(ctx, func(context.Context) (bool, error) {
		seen, err := c.seen.Apps().V1().Deployments().Lister().Deployments(echoName).Get(name)
		return err == nil && seen.Status.AvailableReplicas == 1, nil
	})
	background := metav1.DeletePropagationBackground
	if err != nil {
		err = fmt.Errorf("no Deployment gets a pod any more: %w", err)
	}
	return errors.Join(err, deployments.Delete(ctx, name, metav1.DeleteOptions{PropagationPolicy: &background}))
}
