// Command simulate answers where pods go, with the same scheduler as the policy pack. It reads scenarios as JSON from its
// standard input, one after the other, and answers each with the outcomes. The lab's tests compare them with a real cluster.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	coredefaults "k8s.io/kubernetes/pkg/apis/core/v1"

	"ecommerce-platform/policy/admission"
	"ecommerce-platform/policy/placement"
)

// scenario is nodes, and pods in the order in which they come. A pod that has a node is put there, whatever the scheduler
// would do.
type scenario struct {
	Nodes []*corev1.Node `json:"nodes"`
	Pods  []*corev1.Pod  `json:"pods"`
	// ReplicaSets are those that pods belong to; the scheduler spreads the pods of each.
	ReplicaSets []*appsv1.ReplicaSet `json:"replicaSets"`
	// The rest is what the API server asks about before it lets a pod come to be.
	LimitRanges     []*corev1.LimitRange          `json:"limitRanges"`
	Quotas          []*corev1.ResourceQuota       `json:"quotas"`
	RuntimeClasses  []*nodev1.RuntimeClass        `json:"runtimeClasses"`
	PriorityClasses []*schedulingv1.PriorityClass `json:"priorityClasses"`
}

// outcome is what the scheduler decides about one pod.
type outcome struct {
	Pod string `json:"pod"`
	// Node is empty for a pod without a place, and Reason then says why.
	Node   string `json:"node,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Refused is set where the API server does not let the pod come to be, Preempted where another one took its place.
	Refused   bool `json:"refused,omitempty"`
	Preempted bool `json:"preempted,omitempty"`
	// Equal are all nodes that the scheduler rates as high as Node.
	Equal []string `json:"equal,omitempty"`
}

func main() {
	if err := serve(context.Background(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(ctx context.Context, in io.Reader, out io.Writer) error {
	requests, answers := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var s scenario
		if err := requests.Decode(&s); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		outcomes, err := s.run(ctx)
		if err != nil {
			return err
		}
		if err := answers.Encode(outcomes); err != nil {
			return err
		}
	}
}

// run takes the pods one after the other. Those without a place are tried again when others have found one, as the
// scheduler's queue does.
func (s scenario) run(ctx context.Context) ([]outcome, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	objects := make([]runtime.Object, len(s.ReplicaSets))
	for i, set := range s.ReplicaSets {
		objects[i] = set
	}
	scheduler, err := placement.Start(ctx, objects)
	if err != nil {
		return nil, err
	}
	cluster, err := scheduler.Cluster(s.Nodes)
	if err != nil {
		return nil, err
	}
	if err := cluster.Under(admission.New(admission.Objects{
		LimitRanges: s.LimitRanges, Quotas: s.Quotas, RuntimeClasses: s.RuntimeClasses, PriorityClasses: s.PriorityClasses,
	})); err != nil {
		return nil, err
	}
	outcomes, settled := make([]outcome, len(s.Pods)), make([]bool, len(s.Pods))
	for progress := true; progress; {
		progress = false
		for i, pod := range s.Pods {
			if settled[i] {
				continue
			}
			coredefaults.SetObjectDefaults_Pod(pod)
			pod.UID = types.UID(pod.Namespace + "/" + pod.Name)
			decided, err := decide(cluster, pod)
			if err != nil {
				return nil, err
			}
			outcomes[i] = outcome{Pod: pod.Name, Node: decided.Node, Reason: decided.Reason, Equal: decided.Equal}
			if decided.Refusal != nil {
				outcomes[i].Reason, outcomes[i].Refused = decided.Refusal.Reason, true
			}
			settled[i] = decided.Node != "" || pod.Spec.NodeName != "" || decided.Refusal != nil
			progress = progress || settled[i]
			for _, displaced := range decided.Displaced {
				for j, other := range s.Pods {
					if other.Name == displaced.Victim.Name {
						outcomes[j] = outcome{Pod: other.Name, Reason: displaced.Reason, Preempted: true}
					}
				}
			}
		}
	}
	return outcomes, nil
}

func decide(cluster *placement.Cluster, pod *corev1.Pod) (placement.Outcome, error) {
	if pod.Spec.NodeName == "" {
		return cluster.Schedule(pod)
	}
	free := pod.DeepCopy()
	free.Spec.NodeName = ""
	decided, err := cluster.Schedule(free)
	if err != nil || decided.Node == pod.Spec.NodeName {
		return decided, err
	}
	if err := cluster.Remove(free); err != nil {
		return decided, err
	}
	return decided, cluster.Put(pod)
}
