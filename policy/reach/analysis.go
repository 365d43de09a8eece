package reach

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"ecommerce-platform/policy/model"
)

// port is one that pods listen on.
type port struct {
	protocol string
	number   int
}

// analysis is a stack with what its network consists of.
type analysis struct {
	stack    *model.Stack
	machines []*machine
	grants   []Grant
	pools    []pool
	// podPorts is where pods reach pods.
	podPorts []port
	// nodePorts are the ports of Services that nodes take something in on, and forwarded is where the node that did reaches pods, by NodePort.
	nodePorts  []corev1.ServicePort
	forwarded  map[port][]port
	extensions aggregation
	// services tells that the stack holds the Services, so that nodePorts are all there are.
	services bool
	// vpcs is the blocks that nodes have addresses from, inside those of pods as well.
	vpcs, inside []netip.Prefix
	// sources is what nodes fetch from elsewhere.
	sources []model.Source
	// foreignPolicies tells that something filters pods' packets that is not read.
	foreignPolicies bool
}

func newAnalysis(stack *model.Stack) *analysis {
	a := &analysis{stack: stack, services: len(stack.Services) > 0, forwarded: map[port][]port{}}
	// DNS is on pods in every cluster.
	a.podPorts = []port{{"udp", 53}, {"tcp", 53}}
	a.readGrants()
	a.readPools()
	a.readPorts()
	a.extensions = a.readAggregation()
	for _, node := range stack.Members() {
		// A machine without a role is none of the cluster's.
		if node.Instance != nil && node.Role != "" {
			a.machines = append(a.machines, a.readMachine(node))
		}
	}
	for _, vpc := range stack.Of(model.VpcType) {
		if text, _ := vpc.Text("cidrBlock"); parse(text).IsValid() {
			a.vpcs = append(a.vpcs, parse(text))
		}
	}
	a.inside = slices.Clone(a.vpcs)
	for _, pool := range a.pools {
		a.inside = append(a.inside, pool.block)
	}
	return a
}

func (a *analysis) readGrants() {
	a.grants = Grants(a.stack)
	for _, g := range a.grants {
		for _, path := range g.Unknown {
			a.stack.NotEvaluated(g.Resource, path)
		}
	}
}

// readPools reads Calico's pools, or the block that they are from where this stack does not hold them.
func (a *analysis) readPools() {
	for _, r := range a.stack.Of(model.PoolType) {
		if disabled, _ := r.Bool("spec.disabled"); disabled {
			continue
		}
		text, known := r.Text("spec.cidr")
		block := parse(text)
		if !known {
			a.stack.NotEvaluated(r, "spec.cidr")
		}
		if !block.IsValid() {
			continue
		}
		p := pool{block: block}
		p.ipip, _ = r.Text("spec.ipipMode")
		p.vxlan, _ = r.Text("spec.vxlanMode")
		a.pools = append(a.pools, p)
	}
	if len(a.pools) > 0 || len(a.stack.Of(model.PoolType)) > 0 {
		return
	}
	if block := parse(a.stack.Facts.PodCidr); block.IsValid() {
		a.pools = []pool{{block: block}}
	} else if len(a.stack.Of(model.InstanceType)) > 0 {
		a.stack.NotEvaluatedFact("reachability of pods: podCidr is in another stack")
	}
}

// readPorts reads where the declared pods listen, and which of that a NodePort leads to.
func (a *analysis) readPorts() {
	for _, w := range a.stack.Workloads {
		for _, c := range w.Listeners() {
			for _, p := range c.Ports {
				a.podPorts = append(a.podPorts, port{transport(p.Protocol), int(p.ContainerPort)})
			}
		}
	}
	for _, s := range a.stack.Services {
		for _, path := range append(s.UnknownBelow("spec.ports"), s.UnknownBelow("spec.type")...) {
			a.stack.NotEvaluated(s.Resource, path)
			a.services = false
		}
		for _, p := range s.Value.Spec.Ports {
			if p.NodePort == 0 {
				// A NodePort that the cluster will choose may be any.
				a.services = a.services && s.Value.Spec.Type != corev1.ServiceTypeNodePort
				continue
			}
			a.nodePorts = append(a.nodePorts, p)
			if s.Value.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal {
				continue // a node hands nothing on to another one
			}
			at := nodePort(p)
			a.forwarded[at] = distinct(append(a.forwarded[at], a.targets(s, p)...))
		}
	}
	slices.SortFunc(a.nodePorts, func(a, b corev1.ServicePort) int {
		return cmp.Or(cmp.Compare(a.NodePort, b.NodePort), cmp.Compare(transport(a.Protocol), transport(b.Protocol)))
	})
	a.podPorts = distinct(a.podPorts)
}

// nodePort is where nodes take in what is for a Service's port.
func nodePort(p corev1.ServicePort) port { return port{transport(p.Protocol), int(p.NodePort)} }

// distinct leaves out ports that are there already: each is judged between all machines.
func distinct(ports []port) []port {
	var found []port
	for _, p := range ports {
		if !slices.Contains(found, p) {
			found = append(found, p)
		}
	}
	return found
}

// targets is the ports of the pods that a Service's port leads to, wherever these are.
func (a *analysis) targets(service model.Object[corev1.Service], p corev1.ServicePort) []port {
	if p.TargetPort.Type == intstr.Int {
		return (&pods{}).listening(p)
	}
	var found []port
	for _, to := range a.behind(service, p) {
		found = append(found, to.port)
	}
	return found
}

func transport(p corev1.Protocol) string {
	if p == "" {
		return "tcp"
	}
	return strings.ToLower(string(p))
}
