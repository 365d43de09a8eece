package workloads

import (
	"strconv"
	"strings"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Values of Args.Isolation.
const (
	// isolationTiers drops what the table of flows does not name.
	isolationTiers = "tiers"
	// isolationOpen lets every pod reach every other one.
	isolationOpen = "open"
)

// Peers of a flow that are no tiers.
const (
	// clients are whoever is no pod: people, and nodes that hand on what came in on their NodePort. A policy cannot tell the
	// two apart, since it sees a client's own address only where the pod is on the node that the client chose. Which clients
	// may come at all, clientCidrs says in the security groups.
	clients = "clients"
	// names is the cluster's DNS.
	names = "names"
)

// flow is one row of the table: connections that one opens to another.
type flow struct {
	from     string // a tier, or clients
	to       string // a tier, names, or an IPv4 block
	protocol string
	// port is a number, or the name of the container's port: a number that changes would cut off pods of before, which still serve.
	port   string
	reason string // shown in the policy's description
}

// flows is the table of who may speak to whom in the shop's namespace; what it does not name is dropped. It needs no row for
// probes, `kubectl exec` and the dumps of backups, which come over the node itself, and none for answers.
func (a *Args) flows() []flow {
	rows := []flow{
		{clients, frontendName, "TCP", httpPort, "The shop from its clients, through the NodePort of any node"},
		{frontendName, backendName, "TCP", httpPort, "What the frontend hands on to the backends"},
		{backendName, postgresName, "TCP", postgresPortName, "Products and orders"},
		{backendName, redisName, "TCP", redisPortName, "What the backends remember of the database"},
		{frontendName, names, "UDP", "53", "Names, for an application that resolves them"},
		{frontendName, names, "TCP", "53", "Names, where the answer is too long for UDP"},
		{backendName, names, "UDP", "53", "Names of database, caches and what is outside"},
		{backendName, names, "TCP", "53", "Names, where the answer is too long for UDP"},
	}
	for _, tier := range []struct {
		name   string
		egress []Destination
	}{{frontendName, a.Frontend.Egress}, {backendName, a.Backend.Egress}} {
		for _, to := range tier.egress {
			rows = append(rows, flow{tier.name, to.Cidr, "TCP", strconv.Itoa(to.Port), "Asked for in " + tier.name + ".egress"})
		}
	}
	return rows
}

// isolate makes the policies, and has every Deployment wait for those of the tiers.
//
// A tier has one policy with all of its rows, since the first one that selects a pod drops everything that it does not name: pods that
// serve already lose nothing. The one that is for every pod, also of nobody's making, comes last and goes first.
func (to *target) isolate() error {
	if to.args.Isolation == isolationOpen {
		return nil
	}
	for _, placement := range placements {
		t := &tier{name: placement.tier}
		ingress, egress, reasons := to.rules(t.name)
		policy, err := to.policy(t.name, strings.Join(reasons, "; "), networkingv1.NetworkPolicySpecArgs{
			PodSelector: metav1.LabelSelectorArgs{MatchLabels: t.selector()}, Ingress: ingress, Egress: egress,
		})
		if err != nil {
			return err
		}
		to.isolation = append(to.isolation, policy)
	}
	const rest = "default-deny"
	_, err := to.policy(rest, "Pods of no tier reach nobody and nobody reaches them, unless a policy of their own says so",
		networkingv1.NetworkPolicySpecArgs{PodSelector: metav1.LabelSelectorArgs{}}, pulumi.DependsOn(to.isolation))
	return err
}

// policy drops what it does not name, both ways. Its description says why it names what it does.
// https://kubernetes.io/docs/reference/labels-annotations-taints/#description
func (to *target) policy(name, description string, spec networkingv1.NetworkPolicySpecArgs, options ...pulumi.ResourceOption) (pulumi.Resource, error) {
	spec.PolicyTypes = pulumi.ToStringArray([]string{"Ingress", "Egress"})
	notes := annotations()
	notes["kubernetes.io/description"] = pulumi.String(description)
	return networkingv1.NewNetworkPolicy(to.ctx, to.child(name), &networkingv1.NetworkPolicyArgs{
		Metadata: metav1.ObjectMetaArgs{
			Name: pulumi.String(name), Namespace: pulumi.String(to.args.Namespace), Labels: platformLabels(), Annotations: notes,
		},
		Spec: spec,
	}, to.options(options...)...)
}

// rules are the rows of a tier, those that come in and those that go out.
func (to *target) rules(tier string) (
	ingress networkingv1.NetworkPolicyIngressRuleArray, egress networkingv1.NetworkPolicyEgressRuleArray, reasons []string,
) {
	for _, row := range to.args.flows() {
		ports := networkingv1.NetworkPolicyPortArray{networkingv1.NetworkPolicyPortArgs{
			Protocol: pulumi.String(row.protocol), Port: portOf(row.port),
		}}
		switch tier {
		case row.to:
			ingress = append(ingress, networkingv1.NetworkPolicyIngressRuleArgs{
				From: networkingv1.NetworkPolicyPeerArray{to.peer(row.from)}, Ports: ports,
			})
			reasons = append(reasons, "from "+row.from+": "+row.reason)
		case row.from:
			egress = append(egress, networkingv1.NetworkPolicyEgressRuleArgs{
				To: networkingv1.NetworkPolicyPeerArray{to.peer(row.to)}, Ports: ports,
			})
			reasons = append(reasons, "to "+row.to+": "+row.reason)
		}
	}
	return ingress, egress, reasons
}

// peer is the other end of a row.
func (to *target) peer(name string) networkingv1.NetworkPolicyPeerArgs {
	switch {
	case name == clients:
		return networkingv1.NetworkPolicyPeerArgs{IpBlock: networkingv1.IPBlockArgs{
			Cidr: pulumi.String("0.0.0.0/0"), Except: pulumi.ToStringArray([]string{to.args.PodCidr}),
		}}
	case name == names:
		return networkingv1.NetworkPolicyPeerArgs{
			NamespaceSelector: metav1.LabelSelectorArgs{MatchLabels: pulumi.StringMap{"kubernetes.io/metadata.name": pulumi.String("kube-system")}},
			PodSelector:       metav1.LabelSelectorArgs{MatchLabels: pulumi.StringMap{"k8s-app": pulumi.String("kube-dns")}},
		}
	case strings.Contains(name, "/"):
		return networkingv1.NetworkPolicyPeerArgs{IpBlock: networkingv1.IPBlockArgs{Cidr: pulumi.String(name)}}
	}
	return networkingv1.NetworkPolicyPeerArgs{PodSelector: metav1.LabelSelectorArgs{MatchLabels: (&tier{name: name}).selector()}}
}

// portOf is a port by its number or its name.
func portOf(text string) pulumi.Input {
	if number, err := strconv.Atoi(text); err == nil {
		return pulumi.Int(number)
	}
	return pulumi.String(text)
}
