package cluster

import (
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"sigs.k8s.io/yaml"

	"ecommerce-platform/infra/boundary"
)

const (
	// patchesDirectory holds what kubeadm is to make otherwise, one file an object; kubeadm knows them by their names.
	patchesDirectory = "/opt/platform/etc/patches"
	dnsPatchFile     = "patches/corednsdeployment.yaml"
)

// dnsLabels select the pods of the cluster's DNS.
var dnsLabels = map[string]string{"k8s-app": "kube-dns"}

// dnsPatch says where the cluster's DNS runs: kubeadm starts both pods on the control plane, and nothing would ever move them. They
// never share a node, and where two workers are there both are on workers, so that names resolve without the control plane. A pod
// that finds no such node waits for one: whatever happens to nodes, they are apart again as soon as they can be.
//
// It is kubeadm that applies it, so that no upgrade takes it back. https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/
func (a *Args) dnsPatch() (string, error) {
	affinity := map[string]any{}
	workers := a.workers()
	if len(workers) > 0 {
		affinity["podAntiAffinity"] = map[string]any{"requiredDuringSchedulingIgnoredDuringExecution": []any{map[string]any{
			"labelSelector": map[string]any{"matchLabels": dnsLabels}, "topologyKey": "kubernetes.io/hostname",
		}}}
	}
	if len(workers) > 1 {
		worker := map[string]any{"key": controlPlaneTaint.Key, "operator": "DoesNotExist"}
		affinity["nodeAffinity"] = map[string]any{"requiredDuringSchedulingIgnoredDuringExecution": map[string]any{
			"nodeSelectorTerms": []any{map[string]any{"matchExpressions": []any{worker}}},
		}}
	}
	// Workers that are set aside for a tier take it all the same. The list replaces kubeadm's.
	tolerations := []any{map[string]any{"key": "CriticalAddonsOnly", "operator": "Exists"}, controlPlaneTaint}
	seen := map[boundary.Taint]bool{}
	for _, node := range workers {
		for _, taint := range node.Taints {
			if !seen[taint] {
				seen[taint] = true
				// A toleration has the fields of a taint, and an operator that is Equal where none is set.
				tolerations = append(tolerations, taint)
			}
		}
	}
	patch, err := yaml.Marshal(map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
		"affinity": affinity, "tolerations": tolerations,
	}}}})
	return string(patch), err
}

// workers are the nodes that run pods.
func (a *Args) workers() []Node {
	var workers []Node
	for _, node := range a.Nodes {
		if node.Role == boundary.Worker {
			workers = append(workers, node)
		}
	}
	return workers
}

// keepNames lets a drain take one pod of the cluster's DNS at a time. With the control plane alone both pods are on it and have
// nowhere else to go: a budget would hold its drain up for ever.
func (k *objects) keepNames(args *Args, after pulumi.Resource) error {
	unavailable := pulumi.Input(pulumi.Int(1))
	if len(args.workers()) == 0 {
		unavailable = pulumi.String("100%")
	}
	_, err := policyv1.NewPodDisruptionBudget(k.ctx, k.prefix+"-dns", &policyv1.PodDisruptionBudgetArgs{
		Metadata: managed(metav1.ObjectMetaArgs{Name: pulumi.String("coredns"), Namespace: pulumi.String("kube-system")}),
		Spec: policyv1.PodDisruptionBudgetSpecArgs{
			MaxUnavailable:             unavailable,
			UnhealthyPodEvictionPolicy: pulumi.String("AlwaysAllow"),
			Selector:                   metav1.LabelSelectorArgs{MatchLabels: pulumi.ToStringMap(dnsLabels)},
		},
	}, k.options(args.controlPlane().Instance, after)...)
	return err
}
