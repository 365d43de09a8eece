package reach

import (
	"fmt"
	"slices"

	"go4.org/netipx"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"ecommerce-platform/policy/environment"
	"ecommerce-platform/policy/model"
)

// dns is the cluster's, as kubeadm makes it. Source, in k8s.io/kubernetes: cmd/kubeadm/app/phases/addons/dns/manifests.go
var dns = &pods{
	name: "the cluster's DNS", namespace: "kube-system", labels: labels.Set{"k8s-app": "kube-dns"},
	ports: []corev1.ContainerPort{
		{Name: "dns", ContainerPort: 53, Protocol: corev1.ProtocolUDP}, {Name: "dns-tcp", ContainerPort: 53, Protocol: corev1.ProtocolTCP},
	},
}

// podPaths are what pods and clients need of pods: the Services that the environment of a container names, the DNS that resolves these names,
// and what a NodePort leads to. NetworkPolicies decide about them, wherever the pods are.
func (a *analysis) podPaths() []Path {
	a.readForeign()
	var paths []Path
	add := func(path Path) {
		same := func(p Path) bool {
			return p.From == path.From && p.To == path.To && p.What == path.What && p.Ports == path.Ports
		}
		if !slices.ContainsFunc(paths, same) {
			paths = append(paths, path)
		}
	}
	for _, w := range a.stack.Workloads {
		endpoints := a.endpoints(w)
		from := podsOf(w)
		for _, e := range endpoints {
			for _, to := range a.answering(e) {
				add(a.connection(from.name, a.end(from), to))
			}
		}
		if len(endpoints) > 0 && asksCluster(&w.Template.Spec) {
			add(a.connection(from.name, a.end(from), served{what: "DNS", pods: dns, port: port{"udp", 53}}))
		}
	}
	for _, path := range a.postgresPaths() {
		add(path)
	}
	for _, s := range a.stack.Services {
		if s.Value.Spec.Type != corev1.ServiceTypeNodePort && s.Value.Spec.Type != corev1.ServiceTypeLoadBalancer {
			continue
		}
		for _, p := range s.Value.Spec.Ports {
			for _, to := range a.behind(s, p) {
				add(a.connection("clients", a.arriving(s, p), to))
			}
		}
	}
	return paths
}

// served is a port of pods that is connected to.
type served struct {
	what string
	pods *pods
	port port
}

// connection is the path to pods: policies at either end may drop it.
func (a *analysis) connection(from string, source far, to served) Path {
	path := Path{From: from, To: to.pods.name, What: to.what, Ports: inWords(to.port.protocol, []int{to.port.number}), State: Open, Want: Open}
	leave := a.end(to.pods)
	out, drops := a.filter(source.pods, true, leave, to.pods, to.port)
	if out == closed {
		path.close(drops.Resource, "add an egress rule to NetworkPolicy %s: %s to the pods of %s", titleOf(drops), path.Ports, to.pods.name)
		return path
	}
	in, drops := a.filter(to.pods, false, source, to.pods, to.port)
	switch {
	case in == closed:
		path.close(drops.Resource, "add an ingress rule to NetworkPolicy %s: %s from %s", titleOf(drops), path.Ports, sourceName(from, source))
	case out == unknown, in == unknown, a.foreignPolicies:
		path.doubt()
	}
	return path
}

func titleOf(p *policy) string {
	name, _ := p.Text("metadata.name")
	if name == "" {
		return p.Name
	}
	return p.Namespace() + "/" + name
}

func sourceName(from string, source far) string {
	if source.pods == nil {
		return from + " and from nodes in their name"
	}
	return "the pods of " + from
}

// podsOf are the pods of a workload.
func podsOf(w model.Workload) *pods {
	p := &pods{
		name: w.Label, namespace: w.Namespace, labels: w.Template.Labels, whole: len(w.UnknownBelow(w.In("metadata.labels"))) == 0,
		host: w.Template.Spec.HostNetwork,
	}
	for _, c := range w.Listeners() {
		p.ports = append(p.ports, c.Ports...)
	}
	return p
}

// asksCluster tells whether pods resolve names at the cluster's DNS.
func asksCluster(spec *corev1.PodSpec) bool {
	switch spec.DNSPolicy {
	case corev1.DNSNone, corev1.DNSDefault:
		return false
	case corev1.DNSClusterFirstWithHostNet:
		return true
	}
	return !spec.HostNetwork
}

// endpoints are what the variables of a workload's containers name.
func (a *analysis) endpoints(w model.Workload) []environment.Endpoint {
	var found []environment.Endpoint
	if len(w.UnknownBelow("metadata.namespace")) > 0 {
		a.stack.NotEvaluated(w.Resource, "metadata.namespace")
		return nil
	}
	for _, list := range []struct {
		path       string
		containers []corev1.Container
	}{{"spec.containers", w.Template.Spec.Containers}, {"spec.initContainers", w.Template.Spec.InitContainers}} {
		for i := range list.containers {
			path := w.In(fmt.Sprintf("%s[%d]", list.path, i))
			for _, variable := range environment.Variables(a.stack, a.known, w, &list.containers[i], path) {
				found = append(found, variable.Endpoints(a.stack, w)...)
			}
		}
	}
	return found
}

// answering are the ports of pods that an endpoint leads to. One of somebody else's Service leads nowhere that this stack knows.
func (a *analysis) answering(e environment.Endpoint) []served {
	var found []served
	for _, s := range a.stack.Services {
		if name, _ := s.Text("metadata.name"); s.Malformed != nil || name != e.Service || s.Namespace() != e.Namespace || s.Value.Spec.Type == corev1.ServiceTypeExternalName {
			continue
		}
		for _, p := range s.Value.Spec.Ports {
			if e.Port != 0 && int(p.Port) != e.Port {
				continue
			}
			if s.Value.Spec.ClusterIP == corev1.ClusterIPNone {
				p.TargetPort = intstr.FromInt32(p.Port) // nothing turns one number into another
			}
			found = append(found, a.behind(s, p)...)
		}
	}
	return found
}

// behind are the pods that a Service's port leads to.
func (a *analysis) behind(service model.Object[corev1.Service], p corev1.ServicePort) []served {
	if len(service.Value.Spec.Selector) == 0 && !service.Unknown("spec.selector") {
		return nil // its endpoints are made by somebody else
	}
	for _, path := range []string{"metadata.namespace", "spec.selector"} {
		if !a.known(service.Resource, path) {
			return nil
		}
	}
	name, _ := service.Text("metadata.name")
	var found []served
	chosen := labels.SelectorFromSet(service.Value.Spec.Selector)
	for _, w := range a.stack.Workloads {
		if !a.known(w.Resource, "metadata.namespace") || w.Namespace != service.Namespace() || !chosen.Matches(labels.Set(w.Template.Labels)) {
			continue
		}
		to := podsOf(w)
		for _, at := range to.listening(p) {
			found = append(found, served{"Service " + name, to, at})
		}
	}
	return found
}

// listening are the ports of pods that a Service's port means.
func (p *pods) listening(of corev1.ServicePort) []port {
	if number := of.TargetPort.IntValue(); number > 0 {
		return []port{{transport(of.Protocol), number}}
	}
	if of.TargetPort.Type == intstr.Int {
		return []port{{transport(of.Protocol), int(of.Port)}}
	}
	// The first one of this name and protocol, as the controller of endpoints finds it.
	for _, declared := range p.ports {
		if declared.Name == of.TargetPort.String() && transport(declared.Protocol) == transport(of.Protocol) {
			return []port{{transport(of.Protocol), int(declared.ContainerPort)}}
		}
	}
	return nil
}

// end is pods as the other end of a connection.
func (a *analysis) end(p *pods) far {
	var all netipx.IPSetBuilder
	if p.host {
		for _, m := range a.machines {
			all.AddPrefix(m.block)
		}
	} else {
		for _, pool := range a.pools {
			all.AddPrefix(pool.block)
		}
	}
	return far{pods: p, all: built(&all), some: &netipx.IPSet{}}
}

// arriving is where connections to a NodePort come from: a node which hands them on, and on the pod's own node the client. Clients are those that
// the security groups let in.
// https://kubernetes.io/docs/tutorials/services/source-ip/
func (a *analysis) arriving(service model.Object[corev1.Service], p corev1.ServicePort) far {
	var nodes, clients netipx.IPSetBuilder
	for _, m := range a.machines {
		if service.Value.Spec.ExternalTrafficPolicy != corev1.ServiceExternalTrafficPolicyLocal && m.block.IsSingleIP() {
			nodes.AddPrefix(m.block)
		}
		for _, g := range m.grants {
			if !g.Egress && len(g.Unknown) == 0 && g.matches(false, transport(p.Protocol), int(p.NodePort)) && a.outside(g) && g.Block.IsValid() {
				clients.AddPrefix(g.Block)
			}
		}
	}
	for _, pool := range a.pools {
		clients.RemovePrefix(pool.block)
	}
	return far{all: built(&nodes), some: built(&clients)}
}

// built is the set of prefixes that were parsed before, which never fails.
func built(b *netipx.IPSetBuilder) *netipx.IPSet {
	set, _ := b.IPSet()
	return set
}
