package rules

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/reach"
)

// Quotas of a new account in a region. One that was raised is not seen from here.
// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
// https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html
const (
	addressQuota = 5  // L-0263D0A3
	vCPUQuota    = 5  // L-1216C47A, running on-demand standard instances
	ruleQuota    = 60 // L-0EA8095F, inbound and outbound each
	groupQuota   = 5  // L-2AFB9258, groups of a network interface
	// packetRules is how many rules the groups of one interface may have together, in each direction.
	packetRules = 1000
)

func addressesWithinQuota(j *judge) {
	if addresses := j.of(model.EipType); len(addresses) > addressQuota {
		j.fail(addresses[addressQuota], "this stack takes %d Elastic IPs, and an account has %d in a region unless its quota L-0263D0A3 was raised",
			len(addresses), addressQuota)
	}
}

// standard finds the families that share one quota: A, C, D, H, I, M, R, T and Z.
var standard = regexp.MustCompile(`^[acdhimrtz][0-9]`)

// vCPUsWithinQuota says nothing of machines that run already, nor of those that take the place of one.
func vCPUsWithinQuota(j *judge) {
	total := 0
	var fresh []*model.Node
	for _, n := range j.machines() {
		name, known := j.text(n.Instance, "instanceType")
		if !known || !standard.MatchString(name) {
			continue
		}
		count, known := model.VCPUs(name)
		if !known {
			j.NotEvaluated(n.Instance, "instanceType")
			continue
		}
		total += count
		if n.Instance.Unknown("arn") && !j.standing(n.Name) {
			fresh = append(fresh, n)
		}
	}
	if total > vCPUQuota && len(fresh) > 0 {
		j.fail(fresh[len(fresh)-1].Instance, "this stack runs %d vCPUs of standard instances, and a new account has %d in a region until its quota L-1216C47A is raised",
			total, vCPUQuota)
	}
}

// rulesWithinQuota counts the rules of each group, and those that a machine's groups have together.
func rulesWithinQuota(j *judge) {
	type side struct {
		group  string
		egress bool
	}
	counts := map[side]int{}
	for _, g := range reach.Grants(j.Stack) {
		counts[side{g.Group, g.Egress}]++
	}
	directions := map[bool]string{false: "inbound", true: "outbound"}
	sides := slices.SortedFunc(maps.Keys(counts), func(a, b side) int {
		return strings.Compare(a.group+directions[a.egress], b.group+directions[b.egress])
	})
	for _, s := range sides {
		if group := j.ByURN(s.group); group != nil && counts[s] > ruleQuota {
			j.fail(group, "security group %s has %d %s rules, and one has %d unless the quota L-0EA8095F was raised", group.Name, counts[s], directions[s.egress], ruleQuota)
		}
	}
	for _, n := range j.machines() {
		together := map[bool]int{}
		for _, group := range n.Groups {
			for egress := range directions {
				together[egress] += counts[side{group.URN, egress}]
			}
		}
		switch most := max(together[false], together[true]); {
		case len(n.Groups) > groupQuota:
			j.fail(n.Instance, "%s is in %d security groups, and an interface is in %d unless the quota L-2AFB9258 was raised", n.Name, len(n.Groups), groupQuota)
		case most > packetRules:
			j.fail(n.Instance, "the security groups of %s have %d rules of one direction together, and AWS allows no more than %d", n.Name, most, packetRules)
		}
	}
}

// typeName is how EC2 names instance types.
var typeName = regexp.MustCompile(`^[a-z][a-z0-9-]*\.[a-z0-9-]+$`)

// instanceTypesExist knows the sizes of common families; of another one only a deployment tells.
func instanceTypesExist(j *judge) {
	for _, n := range j.machines() {
		name, known := j.text(n.Instance, "instanceType")
		if !known {
			continue
		}
		sizes := model.SizesOf(name)
		_, size, _ := strings.Cut(name, ".")
		switch {
		case !typeName.MatchString(name):
			j.fail(n.Instance, "%s asks for %q, which is no name of an instance type", n.Name, name)
		case len(sizes) == 0:
			j.NotEvaluated(n.Instance, "instanceType")
		case !slices.Contains(sizes, size):
			j.fail(n.Instance, "%s asks for %q, and %s comes in the sizes %s", n.Name, name, strings.TrimSuffix(name, "."+size), strings.Join(sizes, ", "))
		}
	}
}
