package metricsserver

import (
	"maps"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// labels are those of metrics-server's own objects.
func (s *server) labels() pulumi.StringMap {
	labels := maps.Clone(s.Labels)
	maps.Copy(labels, selector())
	labels["app.kubernetes.io/component"] = pulumi.String("metrics")
	return labels
}

func (s *server) meta(object string) metav1.ObjectMetaArgs {
	return metav1.ObjectMetaArgs{
		Name: pulumi.String(object), Namespace: pulumi.String(namespace), Labels: s.labels(), Annotations: s.Annotations,
	}
}

// clusterMeta is the metadata of an object that is in no namespace.
func (s *server) clusterMeta(object string) metav1.ObjectMetaArgs {
	meta := s.meta(object)
	meta.Namespace = nil
	return meta
}

// isolate drops all but what metrics-server says and is asked: the API server asks it, from its node's address, and it asks the API
// server and the kubelets, on nodes' addresses. Probes come over the pod's own node, which no policy holds up.
func (s *server) isolate() (pulumi.Resource, error) {
	nodes := networkingv1.NetworkPolicyPeerArray{networkingv1.NetworkPolicyPeerArgs{IpBlock: networkingv1.IPBlockArgs{
		Cidr: pulumi.String("0.0.0.0/0"), Except: pulumi.ToStringArray([]string{s.PodCidr}),
	}}}
	port := func(port pulumi.Input) networkingv1.NetworkPolicyPortArgs {
		return networkingv1.NetworkPolicyPortArgs{Protocol: pulumi.String("TCP"), Port: port}
	}
	return networkingv1.NewNetworkPolicy(s.ctx, s.child("policy"), &networkingv1.NetworkPolicyArgs{
		Metadata: s.meta(name),
		Spec: networkingv1.NetworkPolicySpecArgs{
			PodSelector: metav1.LabelSelectorArgs{MatchLabels: selector()},
			PolicyTypes: pulumi.ToStringArray([]string{"Ingress", "Egress"}),
			Ingress: networkingv1.NetworkPolicyIngressRuleArray{networkingv1.NetworkPolicyIngressRuleArgs{
				From: nodes, Ports: networkingv1.NetworkPolicyPortArray{port(pulumi.String(portName))},
			}},
			Egress: networkingv1.NetworkPolicyEgressRuleArray{networkingv1.NetworkPolicyEgressRuleArgs{
				To: nodes, Ports: networkingv1.NetworkPolicyPortArray{port(pulumi.Int(6443)), port(pulumi.Int(10250))},
			}},
		},
	}, s.options()...)
}

// serve makes the Service by which the API server asks, and the budget: one pod may go, and its successor comes.
func (s *server) serve() (pulumi.Resource, error) {
	_, err := policyv1.NewPodDisruptionBudget(s.ctx, s.child("budget"), &policyv1.PodDisruptionBudgetArgs{
		Metadata: s.meta(name),
		Spec: policyv1.PodDisruptionBudgetSpecArgs{
			MaxUnavailable: pulumi.Int(1), UnhealthyPodEvictionPolicy: pulumi.String("AlwaysAllow"),
			Selector: metav1.LabelSelectorArgs{MatchLabels: selector()},
		},
	}, s.options()...)
	if err != nil {
		return nil, err
	}
	meta := s.meta(name)
	// The Deployment waits for its pods anyway.
	annotations := maps.Clone(s.Annotations)
	annotations["pulumi.com/skipAwait"] = pulumi.String("true")
	meta.Annotations = annotations
	return corev1.NewService(s.ctx, s.child("service"), &corev1.ServiceArgs{
		Metadata: meta,
		Spec: corev1.ServiceSpecArgs{
			Type: pulumi.String("ClusterIP"), Selector: selector(),
			Ports: corev1.ServicePortArray{corev1.ServicePortArgs{
				Name: pulumi.String(portName), Port: pulumi.Int(443), TargetPort: pulumi.String(portName), Protocol: pulumi.String("TCP"),
			}},
		},
	}, s.options()...)
}
