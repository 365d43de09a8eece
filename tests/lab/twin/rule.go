package twin

import (
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

var ruleSources = []string{"cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpRange.html
var ruleText = regexp.MustCompile(`^[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]*$`)

func ruleType(token string) *Type {
	noun := "VPC Security Group Ingress Rule"
	if token == egressToken {
		noun = "VPC Security Group Egress Rule"
	}
	return &Type{
		Token: token, Noun: noun, Prefix: "sgr-", ARN: "security-group-rule",
		Inputs: map[string]Property{
			"securityGroupId":           {Required: true, Replace: true, Refers: toGroup(Cascade)},
			"ipProtocol":                {Required: true},
			"fromPort":                  {Kind: Int},
			"toPort":                    {Kind: Int},
			"cidrIpv4":                  {},
			"cidrIpv6":                  {},
			"prefixListId":              {Absent: true},
			"referencedSecurityGroupId": {Refers: toGroup(Block)},
			"description":               {},
			"tags":                      tags,
		},
		Computed: []string{"arn", "securityGroupRuleId"},
		Validate: func(in Values) []Failure {
			failures := append(checkSource(in), checkPorts(in)...)
			failures = append(failures, checkCIDR(in, "cidrIpv4", true)...)
			failures = append(failures, checkCIDR(in, "cidrIpv6", false)...)
			if text := in.Text("description"); !ruleText.MatchString(text) || len(text) > 255 {
				failures = append(failures, fail("description", "InvalidParameterValue: Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*")...)
			}
			return append(failures, checkTags("tags", in)...)
		},
		Replaces: func(old, new Values) []string {
			for _, source := range ruleSources {
				_, before := old[source]
				if _, after := new[source]; after && !before {
					return []string{source} // a rule's kind of source cannot be modified
				}
			}
			return nil
		},
		Create: func(tx *Tx, r *Record) error {
			r.Outputs["securityGroupRuleId"] = r.ID
			return tx.admissible(r)
		},
		Update: func(tx *Tx, _ Values, r *Record) error { return tx.admissible(r) },
	}
}

func checkSource(in Values) []Failure {
	n := 0
	for _, source := range ruleSources {
		if _, ok := in[source]; ok {
			n++
		}
	}
	list := "[" + strings.Join(ruleSources, ",") + "]"
	switch {
	case n == 0:
		return fail("cidrIpv4", "No attribute specified when one (and only one) of %s is required", list)
	case n > 1:
		return fail("cidrIpv4", "%d attributes specified when one (and only one) of %s is required", n, list)
	}
	return nil
}

func checkPorts(in Values) []Failure {
	if !in.Known("ipProtocol") {
		return nil
	}
	protocol, ok := protocolName(in.Text("ipProtocol"))
	if !ok {
		return fail("ipProtocol", "InvalidParameterValue: Invalid value '%s' for IP protocol. Unknown protocol.", in.Text("ipProtocol"))
	}
	from, hasFrom := in["fromPort"]
	to, hasTo := in["toPort"]
	switch protocol {
	case "tcp", "udp", "icmp", "icmpv6":
		if !hasFrom || !hasTo {
			return fail("fromPort", "MissingParameter: fromPort and toPort are required with ipProtocol %s", protocol)
		}
	case "-1":
		if hasFrom || hasTo {
			return fail("fromPort", "fromPort and toPort must not be set with ipProtocol -1: it means every protocol on every port")
		}
		return nil
	default:
		return nil
	}
	if hasUnknown(from) || hasUnknown(to) {
		return nil
	}
	first, _ := in.Number("fromPort")
	last, _ := in.Number("toPort")
	if protocol == "icmp" || protocol == "icmpv6" {
		if first < -1 || first > 255 || last < -1 || last > 255 || (first == -1 && last != -1) {
			return fail("fromPort", "InvalidParameterValue: ICMP code (%d:%d) out of range", first, last)
		}
		return nil
	}
	if first < 0 || last > 65535 {
		return fail("fromPort", "InvalidParameterValue: Invalid value '%d-%d' for port range. Must be from 0 to 65535.", first, last)
	}
	if first > last {
		return fail("fromPort", "InvalidParameterValue: Invalid %s port range (%d-%d): from_port > to_port", strings.ToUpper(protocol), first, last)
	}
	return nil
}

// protocolName reduces the ways to write a protocol to one.
func protocolName(text string) (string, bool) {
	switch name := strings.ToLower(text); name {
	case "-1", "tcp", "udp", "icmp", "icmpv6":
		return name, true
	case "all":
		return "-1", true
	case "6":
		return "tcp", true
	case "17":
		return "udp", true
	case "1":
		return "icmp", true
	case "58":
		return "icmpv6", true
	default:
		n, err := strconv.Atoi(name)
		return name, err == nil && n >= 0 && n <= 255
	}
}

func checkCIDR(in Values, name string, four bool) []Failure {
	text := in.Text(name)
	if text == "" {
		return nil
	}
	block, err := netip.ParsePrefix(text)
	if err != nil || block.Addr().Is4() != four {
		return fail(name, "InvalidParameterValue: CIDR block %s is malformed", text)
	}
	if block != block.Masked() {
		return fail(name, "%q is not a valid CIDR block; did you mean %q?", text, block.Masked())
	}
	return nil
}

// admissible checks a rule against the others of its group.
func (tx *Tx) admissible(r *Record) error {
	group := tx.Find(r.Text("securityGroupId"), securityGroupToken, defaultGroupToken)
	if id := r.Text("referencedSecurityGroupId"); id != "" {
		if tx.Find(id, securityGroupToken, defaultGroupToken).Text("vpcId") != group.Text("vpcId") {
			return refuse("InvalidGroup.NotFound", "You have specified two resources that belong to different networks.")
		}
	}
	count := 0
	for _, other := range tx.All(r.Type) {
		if other.Text("securityGroupId") != group.ID {
			continue
		}
		count++
		if other != r && permission(other) == permission(r) {
			return refuse("InvalidPermission.Duplicate", "the specified rule %q already exists", permission(r))
		}
	}
	if count > tx.Quotas.Rules {
		return refuse("RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached.")
	}
	return nil
}

// permission names what a rule admits, as AWS does when it finds it twice.
func permission(r *Record) string {
	peer := ""
	for _, source := range ruleSources {
		peer += r.Text(source)
	}
	protocol, _ := protocolName(r.Text("ipProtocol"))
	text := fmt.Sprintf("peer: %s, %s", peer, strings.ToUpper(protocol))
	if protocol == "-1" {
		return fmt.Sprintf("peer: %s, ALL, ALLOW", peer)
	}
	if from, ok := r.Inputs.Number("fromPort"); ok {
		to, _ := r.Inputs.Number("toPort")
		text += fmt.Sprintf(", from port: %d, to port: %d", from, to)
	}
	return text + ", ALLOW"
}
