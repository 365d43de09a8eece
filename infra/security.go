package infra

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/infra/boundary"
)

// Security groups: every node is in groupNode and in the group of its role.
const (
	groupNode         = "node"
	groupControlPlane = boundary.ControlPlane
	groupWorker       = boundary.Worker
)

// Peers of a rule that are not groups.
const (
	adminCidrs  = "adminCidrs"
	clientCidrs = "clientCidrs"
	podCidr     = "podCidr"
	anywhere    = "anywhere"
)

// rule is one row of the table: packets between a group and a peer.
type rule struct {
	name     string
	group    string
	egress   bool
	peer     string // a group or one of the peers above
	protocol string // "-1" is every protocol and port
	from, to int    // ports; ICMP type and code
	reason   string // shown by AWS as the rule's description
}

// rules is the whole table; what it does not name is dropped. Between nodes it has no wide row: each row is one thing that nodes
// say to each other, so that a row that is missing is missed. Packets that carry a node's address to another node are
//   - what Kubernetes and Calico say themselves, and what Calico sends on for pods to addresses outside the pool: a pod's
//     request to the API server or for a node's metrics comes from the pod's node;
//   - what a worker's NodePort took in and kube-proxy hands to a pod of another worker, in its own name.
//
// The API server calls no pod here but metrics-server's, and pods ask of nodes only metrics. What else it is to call, such as a
// webhook, or they to ask, ingressRules names.
func rules(args *Args) []rule {
	rows := []rule{
		{"ssh", groupNode, false, adminCidrs, "tcp", 22, 22, "SSH from administrators"},
		{"api", groupControlPlane, false, adminCidrs, "tcp", 6443, 6443, "Kubernetes API from administrators"},
		{"node-port", groupWorker, false, clientCidrs, "tcp", args.NodePort, args.NodePort, "The shop from its clients"},
		{"path-mtu", groupNode, false, anywhere, "icmp", 3, 4, "Fragmentation needed, for path MTU discovery"},

		{"api-from-nodes", groupControlPlane, false, groupNode, "tcp", 6443, 6443, "Kubernetes API from kubelets, kube-proxy and pods"},
		{"etcd", groupControlPlane, false, groupControlPlane, "tcp", 2379, 2380, "etcd clients and peers on the control plane"},
		{"kubelet", groupNode, false, groupControlPlane, "tcp", 10250, 10250, "Logs, exec and metrics from the API server"},
		{"bgp", groupNode, false, groupNode, "tcp", 179, 179, "Calico announces pod routes by BGP in a full mesh"},
		{"metrics", groupNode, false, groupNode, "tcp", args.MetricsPort, args.MetricsPort, "Metrics of the monitoring agent"},
		{"shop-pods", groupWorker, false, groupWorker, "tcp", args.ShopPort, args.ShopPort, "Pods of the shop, for the NodePort of another worker"},
		{"pods-all", groupNode, false, podCidr, "-1", 0, 0, "Pods reached from pods, routed without tunnel or NAT"},

		{"internet", groupNode, true, anywhere, "-1", 0, 0, "Packages, images and answers"},
	}
	if args.MetricsServerPort != 0 || args.Monitoring {
		rows = append(rows,
			rule{"kubelet-metrics", groupNode, false, groupWorker, "tcp", 10250, 10250, "Metrics, from what measures on a worker"})
	}
	if args.MetricsServerPort != 0 {
		rows = append(rows,
			rule{"metrics-server", groupWorker, false, groupControlPlane, "tcp", args.MetricsServerPort, args.MetricsServerPort, "metrics-server from the API server"})
	}
	if args.Monitoring {
		rows = append(rows,
			rule{"calico-metrics", groupNode, false, groupWorker, "tcp", 9091, 9091, "Metrics of Calico, from what measures on a worker"},
			rule{"etcd-metrics", groupControlPlane, false, groupWorker, "tcp", 2381, 2381, "Metrics of etcd, from what measures on a worker"})
	}
	for _, own := range args.IngressRules {
		rows = append(rows, own.rule())
	}
	return rows
}

// security is the groups with their rules.
type security struct {
	groups map[string]*ec2.SecurityGroup
	rules  map[string][]pulumi.Resource // by group
}

// of is the group ids of a node with this role, and the rules that must exist before it can be used.
func (s *security) of(role string) (pulumi.StringArray, []pulumi.Resource) {
	ids := pulumi.StringArray{s.groups[groupNode].ID(), s.groups[role].ID()}
	return ids, append(append([]pulumi.Resource{}, s.rules[groupNode]...), s.rules[role]...)
}

func (b *builder) security(network *network) (*security, error) {
	s := &security{map[string]*ec2.SecurityGroup{}, map[string][]pulumi.Resource{}}
	for _, group := range []struct{ name, description string }{
		{groupNode, "Every node of the cluster"},
		{groupControlPlane, "Control plane nodes"},
		{groupWorker, "Worker nodes"},
	} {
		name := b.name + "-" + group.name
		resource, err := ec2.NewSecurityGroup(b.ctx, name, &ec2.SecurityGroupArgs{
			VpcId:       network.vpc.ID(),
			Description: pulumi.String(group.description),
			Tags:        b.tags(name),
		}, b.parent)
		if err != nil {
			return nil, err
		}
		s.groups[group.name] = resource
	}
	for _, rule := range rules(b.args) {
		if err := b.rule(s, rule); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// rule registers a row: one resource per block, or one for a group.
func (b *builder) rule(s *security, rule rule) error {
	name := b.name + "-" + rule.name
	if peer, ok := s.groups[rule.peer]; ok {
		return b.ruleResource(s, rule, name, nil, peer.ID())
	}
	for _, cidr := range b.blocks(rule.peer) {
		// Named by block, not by position: to change one block leaves the others alone, and the new rule is there before
		// the old one goes.
		if err := b.ruleResource(s, rule, name+"-"+strings.ReplaceAll(cidr, "/", "_"), pulumi.String(cidr), nil); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) ruleResource(
	s *security, rule rule, name string, cidr pulumi.StringPtrInput, peer pulumi.StringPtrInput,
) error {
	var from, to pulumi.IntPtrInput
	if rule.protocol != "-1" { // AWS refuses ports for every protocol
		from, to = pulumi.Int(rule.from), pulumi.Int(rule.to)
	}
	group := s.groups[rule.group].ID()
	var resource pulumi.Resource
	var err error
	if rule.egress {
		resource, err = vpc.NewSecurityGroupEgressRule(b.ctx, name, &vpc.SecurityGroupEgressRuleArgs{
			SecurityGroupId: group, IpProtocol: pulumi.String(rule.protocol), FromPort: from, ToPort: to,
			CidrIpv4: cidr, ReferencedSecurityGroupId: peer, Description: pulumi.String(rule.reason), Tags: b.tags(name),
		}, b.parent, b.patient)
	} else {
		resource, err = vpc.NewSecurityGroupIngressRule(b.ctx, name, &vpc.SecurityGroupIngressRuleArgs{
			SecurityGroupId: group, IpProtocol: pulumi.String(rule.protocol), FromPort: from, ToPort: to,
			CidrIpv4: cidr, ReferencedSecurityGroupId: peer, Description: pulumi.String(rule.reason), Tags: b.tags(name),
		}, b.parent, b.patient)
	}
	if err != nil {
		return err
	}
	s.rules[rule.group] = append(s.rules[rule.group], resource)
	return nil
}

// blocks is what a peer stands for.
func (b *builder) blocks(peer string) []string {
	return map[string][]string{
		adminCidrs:  b.args.AdminCidrs,
		clientCidrs: b.args.ClientCidrs,
		podCidr:     {b.args.PodCidr},
		anywhere:    {"0.0.0.0/0"},
	}[peer]
}
