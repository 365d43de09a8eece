// Package podspec is what pods that run on any worker, and those that speak to the API server, have in common.
package podspec

import (
	"slices"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/infra/boundary"
)

// Nobody is the user and the group that images without one of their own run as.
const Nobody = 65534

// Credentials is where clients in a cluster look for a token and the cluster's authority.
const Credentials = "/var/run/secrets/kubernetes.io/serviceaccount"

// TokenAndAuthority are the account's token and the cluster's authority, as the kubelet gives them to a pod that asks for its token.
func TokenAndAuthority() corev1.ProjectedVolumeSourceArgs {
	return corev1.ProjectedVolumeSourceArgs{
		DefaultMode: pulumi.Int(0o440),
		Sources: corev1.VolumeProjectionArray{
			corev1.VolumeProjectionArgs{ServiceAccountToken: corev1.ServiceAccountTokenProjectionArgs{
				Path: pulumi.String("token"), ExpirationSeconds: pulumi.Int(3600),
			}},
			corev1.VolumeProjectionArgs{ConfigMap: corev1.ConfigMapProjectionArgs{
				Name:  pulumi.String("kube-root-ca.crt"),
				Items: corev1.KeyToPathArray{corev1.KeyToPathArgs{Key: pulumi.String("ca.crt"), Path: pulumi.String("ca.crt")}},
			}},
		},
	}
}

// TokenAuthorityAndNamespace are TokenAndAuthority and the namespace of the pod, for clients that look for it there.
func TokenAuthorityAndNamespace() corev1.ProjectedVolumeSourceArgs {
	volume := TokenAndAuthority()
	volume.Sources = append(volume.Sources.(corev1.VolumeProjectionArray), corev1.VolumeProjectionArgs{
		DownwardAPI: corev1.DownwardAPIProjectionArgs{Items: corev1.DownwardAPIVolumeFileArray{corev1.DownwardAPIVolumeFileArgs{
			Path:     pulumi.String("namespace"),
			FieldRef: corev1.ObjectFieldSelectorArgs{ApiVersion: pulumi.String("v1"), FieldPath: pulumi.String("metadata.namespace")},
		}}},
	})
	return volume
}

// OnWorkers requires a node without the control plane's role.
func OnWorkers() corev1.NodeAffinityArgs {
	return corev1.NodeAffinityArgs{RequiredDuringSchedulingIgnoredDuringExecution: corev1.NodeSelectorArgs{
		NodeSelectorTerms: corev1.NodeSelectorTermArray{corev1.NodeSelectorTermArgs{
			MatchExpressions: corev1.NodeSelectorRequirementArray{corev1.NodeSelectorRequirementArgs{
				Key: pulumi.String("node-role.kubernetes.io/control-plane"), Operator: pulumi.String("DoesNotExist"),
			}},
		}},
	}}
}

// Tolerations are for the taints, each once and in an order that does not depend on that of nodes.
func Tolerations(taints []boundary.Taint) corev1.TolerationArray {
	list := corev1.TolerationArray{}
	for _, taint := range sorted(taints) {
		toleration := corev1.TolerationArgs{Key: pulumi.String(taint.Key), Operator: pulumi.String("Exists"), Effect: pulumi.String(taint.Effect)}
		if taint.Value != "" {
			toleration.Operator, toleration.Value = pulumi.String("Equal"), pulumi.String(taint.Value)
		}
		list = append(list, toleration)
	}
	return list
}

func sorted(taints []boundary.Taint) []boundary.Taint {
	list := slices.SortedFunc(slices.Values(taints), func(a, b boundary.Taint) int {
		return slices.Compare([]string{a.Key, a.Value, a.Effect}, []string{b.Key, b.Value, b.Effect})
	})
	return slices.Compact(list)
}
