// Package networkpolicy makes network policies of a table of who may speak to whom.
package networkpolicy

import (
	"maps"
	"strconv"
	"strings"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Flow is one row of the table: connections that one opens to another.
type Flow struct {
	From, To string
	// Protocol is TCP, UDP or SCTP.
	Protocol string
	// Port is a number, or the name of the container's port: a number that changes would cut off pods of before, which still serve.
	Port string
	// Reason is shown in the policy's description.
	Reason string
}

// Row is one row of the table as it is read: from whom, to whom, by which protocol, to which port, and why.
func Row(from, to, protocol, port, reason string) Flow {
	return Flow{From: from, To: to, Protocol: protocol, Port: port, Reason: reason}
}

// Peer is the other end of a row, by its name there.
type Peer func(name string) networkingv1.NetworkPolicyPeerArgs

// Policy drops what it does not name, both ways.
type Policy struct {
	Metadata metav1.ObjectMetaArgs
	// Annotations are those that it has besides its description.
	Annotations pulumi.StringMap
	// Pods are the labels of those that it is for. Default: every pod of the namespace.
	Pods pulumi.StringMap
	// Description says why it names what it does.
	Description string

	ingress networkingv1.NetworkPolicyIngressRuleArray
	egress  networkingv1.NetworkPolicyEgressRuleArray
}

// Add lets through the rows in which one of that name is an end, and says so in the description.
func (p *Policy) Add(name string, rows []Flow, peer Peer) {
	var reasons []string
	for _, row := range rows {
		ports := networkingv1.NetworkPolicyPortArray{networkingv1.NetworkPolicyPortArgs{Protocol: pulumi.String(row.Protocol), Port: port(row.Port)}}
		if name == row.To {
			p.ingress = append(p.ingress, networkingv1.NetworkPolicyIngressRuleArgs{From: networkingv1.NetworkPolicyPeerArray{peer(row.From)}, Ports: ports})
			reasons = append(reasons, "from "+row.From+": "+row.Reason)
		}
		if name == row.From {
			p.egress = append(p.egress, networkingv1.NetworkPolicyEgressRuleArgs{To: networkingv1.NetworkPolicyPeerArray{peer(row.To)}, Ports: ports})
			reasons = append(reasons, "to "+row.To+": "+row.Reason)
		}
	}
	p.Description = strings.Join(reasons, "; ")
}

// Register makes the policy, under a resource's name.
func (p *Policy) Register(ctx *pulumi.Context, name string, options ...pulumi.ResourceOption) (pulumi.Resource, error) {
	// https://kubernetes.io/docs/reference/labels-annotations-taints/#description
	notes := pulumi.StringMap{"kubernetes.io/description": pulumi.String(p.Description)}
	maps.Copy(notes, p.Annotations)
	p.Metadata.Annotations = notes
	var pods metav1.LabelSelectorArgs
	if p.Pods != nil {
		pods.MatchLabels = p.Pods
	}
	return networkingv1.NewNetworkPolicy(ctx, name, &networkingv1.NetworkPolicyArgs{
		Metadata: p.Metadata,
		Spec: networkingv1.NetworkPolicySpecArgs{
			PodSelector: pods, PolicyTypes: pulumi.ToStringArray([]string{"Ingress", "Egress"}), Ingress: p.ingress, Egress: p.egress,
		},
	}, options...)
}

// Pods are those with the labels, in the policy's own namespace.
func Pods(labels pulumi.StringMap) networkingv1.NetworkPolicyPeerArgs {
	return networkingv1.NetworkPolicyPeerArgs{PodSelector: metav1.LabelSelectorArgs{MatchLabels: labels}}
}

// PodsIn are those with the labels, in another namespace.
func PodsIn(namespace string, labels pulumi.StringMap) networkingv1.NetworkPolicyPeerArgs {
	peer := Pods(labels)
	peer.NamespaceSelector = metav1.LabelSelectorArgs{MatchLabels: pulumi.StringMap{"kubernetes.io/metadata.name": pulumi.String(namespace)}}
	return peer
}

// DNS is the cluster's.
func DNS() networkingv1.NetworkPolicyPeerArgs {
	return PodsIn("kube-system", pulumi.StringMap{"k8s-app": pulumi.String("kube-dns")})
}

// Block is an IPv4 block, without parts of it.
func Block(cidr string, except ...string) networkingv1.NetworkPolicyPeerArgs {
	block := networkingv1.IPBlockArgs{Cidr: pulumi.String(cidr)}
	if len(except) > 0 {
		block.Except = pulumi.ToStringArray(except)
	}
	return networkingv1.NetworkPolicyPeerArgs{IpBlock: block}
}

func port(text string) pulumi.Input {
	if number, err := strconv.Atoi(text); err == nil {
		return pulumi.Int(number)
	}
	return pulumi.String(text)
}
