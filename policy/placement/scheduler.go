// Package placement computes where pods will land. It does not model the scheduler: it runs the real one, kube-scheduler
// with its default profile, over the nodes that the program declares.
package placement

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler"
	"k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/defaultpreemption"
	"k8s.io/kubernetes/pkg/scheduler/profile"

	"ecommerce-platform/policy/admission"
)

// volumesSeen bounds the wait for the scheduler's own caches of volumes, which fill in the background.
const volumesSeen = 500 * time.Millisecond

// Scheduler is a kube-scheduler without a queue: it decides about one pod after another, synchronously. It is started once
// and serves one Cluster at a time; it is not safe for concurrent use.
type Scheduler struct {
	ctx  context.Context
	real *scheduler.Scheduler
	fwk  *rated
	// preemption is the plugin that makes room for important pods.
	preemption *defaultpreemption.DefaultPreemption
	// nodes is what the scheduler sees of its cache while it decides.
	nodes *cache.Snapshot
	world state
	// starts counts the pods that have been put on a node.
	starts int64
	// course decides where the scheduler leaves it open.
	course *Course
}

// Start runs a scheduler that knows the objects, such as Services, volumes and claims, until ctx ends. Nodes and pods are
// not among them: those come and go in a Cluster.
func Start(ctx context.Context, objects []runtime.Object) (*Scheduler, error) {
	// The scheduler's own log is of no use to a reviewer.
	ctx = klog.NewContext(ctx, klog.Logger{}.WithName("scheduler"))
	client := fake.NewSimpleClientset(objects...)
	factory := informers.NewSharedInformerFactory(client, 0)
	every := int32(100)
	recorder := profile.RecorderFactory(func(string) events.EventRecorderLogger { return silent{} })
	real, err := scheduler.New(ctx, client, factory, nil, recorder,
		scheduler.WithPercentageOfNodesToScore(&every), scheduler.WithParallelism(2))
	if err != nil {
		return nil, fmt.Errorf("starting kube-scheduler: %w", err)
	}
	s := &Scheduler{ctx: ctx, real: real, world: newState(), course: NewCourse(0)}
	profile := real.Profiles[corev1.DefaultSchedulerName]
	if profile == nil {
		return nil, errors.New("starting kube-scheduler: it has no default profile")
	}
	s.fwk = &rated{Framework: profile}
	var known bool
	if s.preemption, err = newPreemption(ctx, s.fwk); err != nil {
		return nil, fmt.Errorf("starting kube-scheduler: %w", err)
	}
	if s.nodes, known = s.fwk.SnapshotSharedLister().(*cache.Snapshot); !known {
		return nil, fmt.Errorf("starting kube-scheduler: it sees nodes in a %T", s.fwk.SnapshotSharedLister())
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	s.awaitVolumes(objects)
	return s, nil
}

// silent drops events: outcomes are returned.
type silent struct{}

func (silent) Eventf(runtime.Object, runtime.Object, string, string, string, string, ...any) {}
func (s silent) WithLogger(klog.Logger) events.EventRecorderLogger                           { return s }

// Outcome is the scheduler's decision about one pod.
type Outcome struct {
	Pod *corev1.Pod
	// Node is where the pod goes, empty if nowhere.
	Node string
	// Equal are the nodes that the scheduler rates as high, Node among them; it then takes any. Here its course decides, so that a
	// report does not change from one run to the next.
	Equal []string
	// Reason is the scheduler's own message for a pod that goes nowhere, or the API server's for one that is never made.
	Reason string
	// Refusal is why the API server does not let the pod come to be, nil where it does.
	Refusal *admission.Refusal
	// Displaced are the decisions about the pods that come in place of those which this one has preempted, one after the other.
	Displaced []Outcome
	// Victim is the preempted pod, in whose place this one comes. Nil for others.
	Victim *corev1.Pod
	// Ended is set where nothing makes the preempted pod again: it is Pod itself.
	Ended bool
}

// decision is the scheduler's, with what it had in mind.
type decision struct {
	Outcome
	cycle fwk.CycleState
	// unfit says of each node why the pod does not fit there, nil where it fits somewhere.
	unfit *framework.FitError
}

// decide asks the scheduler about a pod.
func (s *Scheduler) decide(pod *corev1.Pod) (decision, error) {
	d := decision{Outcome: Outcome{Pod: pod}, cycle: framework.NewCycleState()}
	if err := s.real.Cache.UpdateSnapshot(klog.FromContext(s.ctx), s.nodes); err != nil {
		return d, fmt.Errorf("pod %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	info, err := framework.NewPodInfo(pod)
	if err != nil {
		return d, fmt.Errorf("pod %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	result, err := s.real.SchedulePod(s.ctx, s.fwk, d.cycle, &framework.QueuedPodInfo{PodInfo: info})
	switch {
	case errors.As(err, &d.unfit):
		d.Reason = d.unfit.Error()
		return d, nil
	case errors.Is(err, scheduler.ErrNoNodesAvailable):
		d.Reason = err.Error()
		return d, nil
	case err != nil:
		return d, fmt.Errorf("pod %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	d.Node, d.Equal = result.SuggestedHost, []string{result.SuggestedHost}
	if result.FeasibleNodes > 1 {
		d.Equal = s.fwk.best
		d.Node = s.course.node(d.Equal)
	}
	return d, nil
}

// awaitVolumes returns when the scheduler sees every claim of the objects and a volume for it, or has had the time to.
func (s *Scheduler) awaitVolumes(objects []runtime.Object) {
	var probes []*corev1.Pod
	labels := map[string]string{}
	for _, object := range objects {
		switch o := object.(type) {
		case *corev1.PersistentVolumeClaim:
			probes = append(probes, probe(o))
		case *corev1.PersistentVolume:
			for key, value := range anyNode(o) {
				labels[key] = value
			}
		}
	}
	if len(probes) == 0 {
		return
	}
	node := &corev1.Node{}
	node.Name, node.Labels = "probe", labels
	node.Status.Allocatable = corev1.ResourceList{corev1.ResourcePods: unlimited}
	s.real.Cache.AddNode(klog.FromContext(s.ctx), node)
	_ = wait.PollUntilContextTimeout(s.ctx, time.Millisecond, volumesSeen, true, func(context.Context) (bool, error) {
		for _, pod := range probes {
			d, err := s.decide(pod)
			if err == nil && d.Node == "" && strings.Contains(d.Reason, "olume") || err != nil {
				return false, nil
			}
		}
		return true, nil
	})
	_ = s.real.Cache.RemoveNode(klog.FromContext(s.ctx), node)
}

func probe(claim *corev1.PersistentVolumeClaim) *corev1.Pod {
	pod := &corev1.Pod{}
	pod.Namespace, pod.Name, pod.UID = claim.Namespace, "probe-"+claim.Name, "probe"
	pod.Spec.SchedulerName = corev1.DefaultSchedulerName
	pod.Spec.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim.Name},
	}}}
	return pod
}

// anyNode returns labels of a node that the volume can be used on.
func anyNode(volume *corev1.PersistentVolume) map[string]string {
	labels := map[string]string{}
	if volume.Spec.NodeAffinity == nil || volume.Spec.NodeAffinity.Required == nil {
		return labels
	}
	for _, term := range volume.Spec.NodeAffinity.Required.NodeSelectorTerms {
		for _, expression := range term.MatchExpressions {
			if len(expression.Values) > 0 {
				labels[expression.Key] = expression.Values[0]
			}
		}
	}
	return labels
}
