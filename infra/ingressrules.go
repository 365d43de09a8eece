package infra

import (
	"fmt"
	"regexp"
	"slices"
)

// IngressRule lets nodes take packets from nodes, in the words of EC2's security group rules: {"group": "worker",
// "referencedGroup": "control-plane", "ipProtocol": "tcp", "fromPort": 9443, "toPort": 9443, "description": "..."}. Packets of a pod
// to a node, and of a node to a pod elsewhere, carry the node's address; between pods everything is admitted.
type IngressRule struct {
	// Group takes the packets, and ReferencedGroup sends them: node, control-plane or worker.
	Group           string `json:"group"`
	ReferencedGroup string `json:"referencedGroup"`
	// IPProtocol is tcp or udp.
	IPProtocol string `json:"ipProtocol"`
	FromPort   int    `json:"fromPort"`
	ToPort     int    `json:"toPort"`
	// Description says why, at most 255 of the characters that AWS admits.
	Description string `json:"description"`
}

// rule is the row. Its name is its content, so that another order of the list changes nothing.
func (r IngressRule) rule() rule {
	name := fmt.Sprintf("ingress-%s-%s-%s-%d-%d", r.Group, r.ReferencedGroup, r.IPProtocol, r.FromPort, r.ToPort)
	return rule{name, r.Group, false, r.ReferencedGroup, r.IPProtocol, r.FromPort, r.ToPort, r.Description}
}

// ruleDescription is what AWS takes.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpRange.html
var ruleDescription = regexp.MustCompile(`^[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}$`)

func (a *Args) validateIngressRules(v *validation) {
	groups := []string{groupNode, groupControlPlane, groupWorker}
	fixed := *a
	fixed.IngressRules = nil
	taken := rules(&fixed)
	for i, own := range a.IngressRules {
		key := fmt.Sprintf("ingressRules[%d]", i)
		for _, group := range []struct{ key, value string }{{"group", own.Group}, {"referencedGroup", own.ReferencedGroup}} {
			if !slices.Contains(groups, group.value) {
				v.Addf("%s.%s %q: must be node, control-plane or worker", key, group.key, group.value)
			}
		}
		if own.IPProtocol != "tcp" && own.IPProtocol != "udp" {
			v.Addf("%s.ipProtocol %q: must be tcp or udp", key, own.IPProtocol)
		}
		if own.FromPort < 1 || own.ToPort > 65535 || own.FromPort > own.ToPort {
			v.Addf("%s.fromPort %d: with toPort %d no range of ports between 1 and 65535", key, own.FromPort, own.ToPort)
		}
		if !ruleDescription.MatchString(own.Description) {
			v.Addf("%s.description %q: must say why in 1 to 255 letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*", key, own.Description)
		}
		row := own.rule()
		if again := slices.IndexFunc(taken, row.same); again >= 0 {
			v.Addf("%s.fromPort %d: the rule %s admits the same, and AWS takes a rule once", key, own.FromPort, taken[again].name)
		}
		taken = append(taken, row)
	}
}

// same tells whether AWS would take the two for one rule.
func (r rule) same(other rule) bool {
	r.name, r.reason, other.name, other.reason = "", "", "", ""
	return r == other
}
