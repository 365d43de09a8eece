package review

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/model/snapshot"
	"ecommerce-platform/policy/picture"
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

// grown is the dev stack with so many nodes of another size, every resource of a worker again under another name, and with so many pods.
func grown(b *testing.B, nodes int, replicas map[string]int) []policyx.AnalyzerResource {
	b.Helper()
	body, err := snapshot.Encode(modeltest.Resources(b, "dev-preview.json"))
	require.NoError(b, err)
	var entries []map[string]any
	require.NoError(b, json.Unmarshal(body, &entries))
	added := map[string][]string{}
	for i := 3; i < nodes; i++ {
		like := fmt.Sprintf("worker-node-%d", 2-i%2)
		added[like] = append(added[like], fmt.Sprintf("worker-node-%d", i))
	}
	rename := func(value any, from, to string) map[string]any {
		text, err := json.Marshal(value)
		require.NoError(b, err)
		var renamed map[string]any
		require.NoError(b, json.Unmarshal([]byte(strings.ReplaceAll(string(text), from, to)), &renamed))
		if _, has := renamed["privateIp"]; has {
			var number int
			_, err := fmt.Sscanf(to, "worker-node-%d", &number)
			require.NoError(b, err)
			renamed["privateIp"] = fmt.Sprintf("172.31.1.%d", 10+number)
		}
		return renamed
	}
	for _, entry := range entries {
		properties := entry["properties"].(map[string]any)
		if entry["type"] == model.InstanceType {
			properties["instanceType"] = "t3.xlarge"
		}
		if tier, of := strings.CutPrefix(fmt.Sprint(entry["name"]), "shop-"); of && entry["type"] == deployment {
			properties["spec"].(map[string]any)["replicas"] = replicas[tier]
		}
		if list, has := properties["nodes"].([]any); has {
			for _, node := range list {
				name := node.(map[string]any)["name"].(string)
				for _, to := range added[name] {
					list = append(list, rename(node, name, to))
				}
			}
			properties["nodes"] = list
		}
	}
	for _, entry := range entries {
		for like, names := range added {
			if !strings.Contains(entry["name"].(string), like) {
				continue
			}
			for _, name := range names {
				another := rename(entry, like, name)
				another["properties"] = rename(entry["properties"], like, name)
				entries = append(entries, another)
			}
		}
	}
	body, err = json.Marshal(entries)
	require.NoError(b, err)
	resources, err := snapshot.Decode(body)
	require.NoError(b, err)
	return resources
}

// BenchmarkReview is all that the pack does with a stack once the engine has told it: the dev stack as it is, and with 100 nodes and 1,000 pods.
func BenchmarkReview(b *testing.B) {
	for _, size := range []struct {
		nodes    int
		replicas map[string]int
	}{
		{3, map[string]int{"frontend": 4, "backend": 3, "redis": 2, "postgres": 1}},
		{100, map[string]int{"frontend": 550, "backend": 440, "redis": 9, "postgres": 1}},
	} {
		resources := grown(b, size.nodes, size.replicas)
		for i, r := range resources {
			if r.Type == model.QuotaType {
				resources[i].Properties = r.Properties.Delete("spec")
			}
		}
		b.Run(fmt.Sprintf("%d nodes, %d resources", size.nodes, len(resources)), func(b *testing.B) {
			for b.Loop() {
				r := Of(b.Context(), resources, Running{})
				require.Empty(b, r.Findings(PackError))
				require.Empty(b, r.Findings(Placement))
				_, err := r.Report.Encode()
				require.NoError(b, err)
				require.NotEmpty(b, r.Report.Text())
				require.NotEmpty(b, picture.SVG(&r.Report))
			}
		})
	}
}
