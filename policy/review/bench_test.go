package review

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecommerce-platform/policy/model"
)

// large is a stack of Deployments with the same number of pods each, on nodes of 16 CPUs in two halves.
func large(nodes, deployments, replicas int) *model.Stack {
	stack := &model.Stack{}
	for i := range nodes {
		stack.Nodes = append(stack.Nodes, &model.Node{
			Name: fmt.Sprintf("node-%03d", i), Role: model.Worker,
			Labels: map[string]string{corev1.LabelHostname: fmt.Sprintf("node-%03d", i), "half": fmt.Sprint(i % 2)},
			Allocatable: corev1.ResourceList{
				corev1.ResourceCPU: resource.MustParse("16"), corev1.ResourceMemory: resource.MustParse("64Gi"),
				corev1.ResourcePods: resource.MustParse("110"),
			},
		})
	}
	for i := range deployments {
		name, pods := fmt.Sprintf("tier-%02d", i), int32(replicas)
		labels := map[string]string{"app": name}
		deployment := appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "shop"}}
		deployment.Spec.Replicas, deployment.Spec.Selector = &pods, &metav1.LabelSelector{MatchLabels: labels}
		deployment.Spec.Template.Labels = labels
		deployment.Spec.Template.Spec.NodeSelector = map[string]string{"half": fmt.Sprint(i % 2)}
		deployment.Spec.Template.Spec.Containers = []corev1.Container{{Name: "c", Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("500m"), corev1.ResourceMemory: resource.MustParse("1Gi")},
		}}}
		r := &model.Resource{}
		r.Type, r.Name, r.URN = "kubernetes:apps/v1:Deployment", name, "urn:"+name
		stack.Deployments = append(stack.Deployments, model.Object[appsv1.Deployment]{Resource: r, Value: deployment})
	}
	return stack
}

// BenchmarkSimulation is everything that asks the scheduler: placement, a rollout of each Deployment, a drain and a loss of
// each node, of a new cluster and of a change to one that runs.
func BenchmarkSimulation(b *testing.B) {
	for _, size := range []struct{ nodes, deployments, replicas int }{{3, 4, 3}, {100, 50, 20}} {
		for _, change := range []bool{false, true} {
			b.Run(fmt.Sprintf("%d nodes, %d pods, change %t", size.nodes, size.deployments*size.replicas, change), func(b *testing.B) {
				for b.Loop() {
					r := &Review{findings: map[string][]Finding{}}
					var before *model.Stack
					if change {
						before = large(size.nodes-1, size.deployments, size.replicas)
					}
					r.simulate(b.Context(), Running{}, before, large(size.nodes, size.deployments, size.replicas))
					require.Empty(b, r.errors)
					require.Len(b, r.Report.Rollouts, size.deployments)
				}
			})
		}
	}
}
