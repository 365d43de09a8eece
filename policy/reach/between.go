package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"ecommerce-platform/policy/model"
)

// need is traffic between two nodes.
type need struct {
	what, protocol string
	ports          []int
	// from and to tell which roles need it; empty is every one.
	from, to string
}

// needs is what Kubernetes and Calico say to each other.
// https://kubernetes.io/docs/reference/networking/ports-and-protocols/
// https://docs.tigera.io/calico/latest/getting-started/kubernetes/requirements#network-requirements
var needs = []need{
	{what: "BGP", protocol: "tcp", ports: []int{179}},
	{what: "kubelet", protocol: "tcp", ports: []int{10250}, from: model.ControlPlane},
	{what: "Kubernetes API", protocol: "tcp", ports: []int{6443}, to: model.ControlPlane},
	{what: "etcd", protocol: "tcp", ports: []int{2379, 2380}, from: model.ControlPlane, to: model.ControlPlane},
}

// scraped is what monitoring asks of the agents that a node runs.
func scraped(to *machine) []need {
	var found []need
	for _, pod := range to.StaticPods {
		if pod.HostPort != 0 {
			found = append(found, need{what: pod.Name, protocol: "tcp", ports: []int{int(pod.HostPort)}})
		}
	}
	return found
}

// between is the paths from one node to another.
func (a *analysis) between(from, to *machine) []Path {
	var paths []Path
	for _, n := range slices.Concat(needs, scraped(to)) {
		if (n.from != "" && n.from != from.Role) || (n.to != "" && n.to != to.Role) {
			continue
		}
		path := Path{From: from.Name, To: to.Name, What: n.what, Ports: inWords(n.protocol, n.ports), State: Open, Want: Open}
		for _, port := range n.ports {
			a.admit(&path, from, to, from.peer, to.peer, n.protocol, port)
		}
		paths = append(paths, path)
	}
	for _, pool := range a.pools {
		paths = append(paths, a.pods(pool, from, to))
	}
	return append(paths, a.aggregated(from, to)...)
}

// pods is the path of packets between pods, and of those that come in on one node's NodePort and go to the other's pod.
func (a *analysis) pods(pool pool, from, to *machine) Path {
	path := Path{From: from.Name, To: to.Name, What: "pods", Ports: "pods' ports", State: Open, Want: Open}
	if tunnel, protocol, port := pool.tunnel(from, to); tunnel != "" {
		path.What, path.Ports = "pods in "+tunnel, inWords(protocol, []int{port})
		a.admit(&path, from, to, from.peer, to.peer, protocol, port)
		return path
	}
	switch {
	case from.subnet == "" || to.subnet == "":
		path.State = Unknown
	case from.subnet != to.subnet:
		path.close(to.Instance, "put %s and %s into one subnet", from.Name, to.Name)
		return path
	}
	for _, m := range []*machine{from, to} {
		switch m.foreign {
		case closed:
			path.close(m.Instance, "set sourceDestCheck: false on %s", m.Name)
			return path
		case unknown:
			path.doubt()
		}
	}
	addresses := peer{block: pool.block}
	for _, port := range a.podPorts {
		a.admit(&path, from, to, addresses, addresses, port.protocol, port.number)
	}
	for _, port := range a.forwardedTo(from, to) {
		a.admit(&path, from, to, from.peer, addresses, port.protocol, port.number)
	}
	return path
}

// forwardedTo is the ports of pods to which kube-proxy forwards what came in on a node's NodePort, under that node's own address. The
// control plane's taint keeps those pods away from it.
func (a *analysis) forwardedTo(from, to *machine) []port {
	if to.Role == model.ControlPlane {
		return nil
	}
	var found []port
	for _, p := range a.nodePorts {
		if at := nodePort(p); a.takes(from, at) {
			found = append(found, a.forwarded[at]...)
		}
	}
	return distinct(found)
}

// admit judges one kind of packet, which leaves one machine with a source address and reaches the other's destination, and
// worsens the path's state where it must.
func (a *analysis) admit(path *Path, from, to *machine, source, destination peer, protocol string, port int) {
	switch admits(from.grants, true, protocol, port, destination) {
	case closed:
		path.close(a.group(shared(to, from), from), "add an egress rule to security group %s: %s to %s",
			groupName(shared(to, from)), inWords(protocol, []int{port}), end(destination, to, from))
		return
	case unknown:
		path.doubt()
	}
	switch admits(to.grants, false, protocol, port, source) {
	case closed:
		path.close(a.group(shared(from, to), to), "add an ingress rule to security group %s: %s from %s",
			groupName(shared(from, to)), inWords(protocol, []int{port}), end(source, from, to))
	case unknown:
		path.doubt()
	}
}

// end names a peer as a rule of the other machine would.
func end(p peer, of, other *machine) string {
	if group := shared(other, of); len(p.groups) > 0 && group != "" {
		return "security group " + groupName(group)
	}
	return p.block.String()
}

// group is the security group as a resource, or the machine where another stack has the group.
func (a *analysis) group(urn string, m *machine) *model.Resource {
	if group := a.stack.ByURN(urn); group != nil {
		return group
	}
	return m.Instance
}

// close says that packets do not get through, and what to do. The first reason stands.
func (p *Path) close(r *model.Resource, format string, args ...any) {
	if p.State == Closed {
		return
	}
	p.State, p.Remedy, p.Resource = Closed, fmt.Sprintf(format, args...), r.URN
}

// doubt says that packets may not get through.
func (p *Path) doubt() {
	if p.State == Open {
		p.State = Unknown
	}
}

// inWords is a protocol and its ports, such as tcp 2379, 2380.
func inWords(protocol string, ports []int) string {
	var words []string
	for _, port := range slices.Compact(slices.Sorted(slices.Values(ports))) {
		if port > 0 {
			words = append(words, fmt.Sprint(port))
		}
	}
	if len(words) == 0 {
		return "protocol " + protocol
	}
	return protocol + " " + strings.Join(words, ", ")
}

// pool is a block that pods get addresses from.
type pool struct {
	block       netip.Prefix
	ipip, vxlan string
}

// tunnel is what packets between two machines travel in, or nothing.
func (p pool) tunnel(from, to *machine) (name, protocol string, port int) {
	used := func(mode string) bool { return mode == "Always" || mode == "CrossSubnet" && from.subnet != to.subnet }
	switch {
	case used(p.ipip):
		return "IPIP", "4", 0
	case used(p.vxlan):
		return "VXLAN", "udp", 4789
	}
	return "", "", 0
}
