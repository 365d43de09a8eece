package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"ecommerce-platform/policy/model"
)

// pods are those of one workload as policies see them.
type pods struct {
	name, namespace string
	labels          labels.Set
	// whole tells that the pods have no other labels.
	whole bool
	ports []corev1.ContainerPort
	// host tells that they have their node's address, which no policy of pods is about.
	host bool
}

// far is the other end of a connection: pods, or addresses that are no pod's.
type far struct {
	pods *pods
	// all are addresses each of which must get through. Of pods they are those of which each has one.
	all *netipx.IPSet
	// some are addresses of which a part must get through, where there are any: those of clients.
	some *netipx.IPSet
}

// within tells whether the far end gets through where these addresses do. It is not known where the far end's own are not.
func (f far) within(allowed *netipx.IPSet) verdict {
	switch all, some := f.all.Prefixes(), f.some.Prefixes(); {
	case len(allowed.Prefixes()) == 0:
		return closed
	case len(all) == 0 && len(some) == 0:
		return unknown
	case slices.ContainsFunc(all, func(b netip.Prefix) bool { return !allowed.ContainsPrefix(b) }), len(some) > 0 && !allowed.Overlaps(f.some):
		// A pod has one address of its pool, which may be one of these.
		if f.pods != nil && allowed.Overlaps(f.all) {
			return unknown
		}
		return closed
	}
	return open
}

// policy is a NetworkPolicy.
type policy = model.Object[networkingv1.NetworkPolicy]

// foreignPolicies are the kinds that let packets through or drop them before or after Kubernetes' NetworkPolicies, and that are not read.
var foreignPolicies = []string{
	"GlobalNetworkPolicy", "StagedGlobalNetworkPolicy", "Tier", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy",
}

// readForeign records what may filter pods' packets besides NetworkPolicies.
func (a *analysis) readForeign() {
	foreign := slices.Clone(a.stack.Opaque)
	for _, r := range a.stack.Resources {
		kind := model.Kind(r)
		if slices.Contains(foreignPolicies, kind) || kind == "NetworkPolicy" && r.Type != model.NetworkPolicyType || strings.HasSuffix(kind, "NetworkPolicyPatch") {
			foreign = append(foreign, r)
		}
	}
	for _, p := range a.stack.NetworkPolicies {
		if p.Malformed != nil {
			foreign = append(foreign, p.Resource)
		}
	}
	for _, r := range foreign {
		a.stack.NotEvaluated(r, "")
	}
	a.foreignPolicies = len(foreign) > 0
}

// known tells whether all at the path is known, and records what is not.
func (a *analysis) known(r *model.Resource, path string) bool {
	missing := r.UnknownBelow(path)
	for _, unknown := range missing {
		a.stack.NotEvaluated(r, unknown)
	}
	return len(missing) == 0
}

// filter judges one direction of a connection by the policies that select the pods at this end. The policy is one that drops it.
//
// https://kubernetes.io/docs/concepts/services-networking/network-policies/
func (a *analysis) filter(near *pods, egress bool, other far, to *pods, at port) (verdict, *policy) {
	if near == nil || near.host {
		return open, nil
	}
	isolated, admitted := closed, closed
	var drops *policy
	var allowed netipx.IPSetBuilder
	for i := range a.stack.NetworkPolicies {
		p := &a.stack.NetworkPolicies[i]
		applies := min(a.selects(p, near), a.filters(p, egress))
		if applies == closed {
			continue
		}
		isolated = max(isolated, applies)
		if drops == nil || everyPod(drops) && !everyPod(p) {
			drops = p
		}
		for _, rule := range a.rulesOf(p, egress) {
			about := min(applies, rule.about(to, at))
			switch {
			case about == closed:
			case !rule.peersKnown:
				admitted = max(admitted, unknown)
			case len(rule.peers) == 0:
				admitted = max(admitted, about)
			default:
				admitted = max(admitted, a.peers(p, rule.peers, about, other, &allowed))
			}
		}
	}
	admitted = max(admitted, other.within(built(&allowed)))
	switch {
	case isolated == closed, admitted == open:
		return open, nil
	case isolated == unknown, admitted == unknown:
		return unknown, nil
	}
	return closed, drops
}

// selects tells whether a policy is about pods.
func (a *analysis) selects(p *policy, of *pods) verdict {
	if p.Malformed != nil || !a.known(p.Resource, "metadata.namespace") {
		return unknown
	}
	if p.Namespace() != of.namespace {
		return closed
	}
	if !a.known(p.Resource, "spec.podSelector") {
		return unknown
	}
	return matches(&p.Value.Spec.PodSelector, of.labels, of.whole)
}

// everyPod tells whether a policy is about all pods of its namespace, as one is that drops what no other names.
func everyPod(p *policy) bool {
	selector := p.Value.Spec.PodSelector
	return len(selector.MatchLabels)+len(selector.MatchExpressions) == 0
}

// filters tells whether a policy is about a direction. Without types it is about what comes in, and about what goes out where it has a rule on that.
func (a *analysis) filters(p *policy, egress bool) verdict {
	if !a.known(p.Resource, "spec.policyTypes") {
		return unknown
	}
	types := p.Value.Spec.PolicyTypes
	switch {
	case len(types) == 0:
		return judged(!egress || p.Has("spec.egress"))
	case egress:
		return judged(slices.Contains(types, networkingv1.PolicyTypeEgress))
	}
	return judged(slices.Contains(types, networkingv1.PolicyTypeIngress))
}

// policyRule is a rule of either direction.
type policyRule struct {
	ports []networkingv1.NetworkPolicyPort
	peers []networkingv1.NetworkPolicyPeer
	// portsKnown and peersKnown tell whether all of them are known.
	portsKnown, peersKnown bool
}

// rulesOf are a policy's rules of a direction; where these are not known, one of which nothing is.
func (a *analysis) rulesOf(p *policy, egress bool) []policyRule {
	field, peers := "spec.ingress", "from"
	if egress {
		field, peers = "spec.egress", "to"
	}
	if p.Unknown(field) {
		a.stack.NotEvaluated(p.Resource, field)
		return []policyRule{{}}
	}
	var rules []policyRule
	add := func(ports []networkingv1.NetworkPolicyPort, list []networkingv1.NetworkPolicyPeer) {
		path := fmt.Sprintf("%s[%d]", field, len(rules))
		rules = append(rules, policyRule{ports, list, a.known(p.Resource, path+".ports"), a.known(p.Resource, path+"."+peers)})
	}
	if egress {
		for _, r := range p.Value.Spec.Egress {
			add(r.Ports, r.To)
		}
		return rules
	}
	for _, r := range p.Value.Spec.Ingress {
		add(r.Ports, r.From)
	}
	return rules
}

// about tells whether a rule is about a port of the pods that are connected to.
func (r policyRule) about(to *pods, at port) verdict {
	if !r.portsKnown {
		return unknown
	}
	if len(r.ports) == 0 {
		return open
	}
	return judged(slices.ContainsFunc(r.ports, func(p networkingv1.NetworkPolicyPort) bool {
		protocol := "tcp"
		if p.Protocol != nil {
			protocol = transport(*p.Protocol)
		}
		switch {
		case protocol != at.protocol:
			return false
		case p.Port == nil:
			return true
		case p.Port.Type == intstr.String:
			return to != nil && slices.ContainsFunc(to.ports, func(c corev1.ContainerPort) bool {
				return c.Name == p.Port.StrVal && int(c.ContainerPort) == at.number && transport(c.Protocol) == protocol
			})
		case p.EndPort != nil:
			return p.Port.IntValue() <= at.number && at.number <= int(*p.EndPort)
		}
		return p.Port.IntValue() == at.number
	}))
}

// peers judges the other end by what a rule lists; the address blocks that the rule surely lets through go to allowed.
func (a *analysis) peers(p *policy, list []networkingv1.NetworkPolicyPeer, about verdict, other far, allowed *netipx.IPSetBuilder) verdict {
	best := closed
	for _, peer := range list {
		switch {
		case peer.IPBlock != nil:
			if blocks := addressesOf(peer.IPBlock); about == open {
				allowed.AddSet(blocks)
			} else {
				best = max(best, min(about, other.within(blocks)))
			}
		case other.pods != nil && !other.pods.host:
			namespace := judged(p.Namespace() == other.pods.namespace)
			if peer.NamespaceSelector != nil {
				set, whole := a.namespaceLabels(other.pods.namespace)
				namespace = matches(peer.NamespaceSelector, set, whole)
			}
			chosen := open
			if peer.PodSelector != nil {
				chosen = matches(peer.PodSelector, other.pods.labels, other.pods.whole)
			}
			best = max(best, min(about, namespace, chosen))
		}
	}
	return best
}
