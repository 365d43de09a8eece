package rules

import (
	"net/netip"
	"slices"

	"ecommerce-platform/policy/model"
)

// span is a block of addresses with what hands it out.
type span struct {
	*model.Resource
	what  string
	block netip.Prefix
}

func cidrsApart(j *judge) {
	subnets := j.spans("subnet", "cidrBlock", model.SubnetType)
	for n, a := range subnets {
		j.apart(a, subnets[:n])
	}
	pools := j.spans("pool", "spec.cidr", model.PoolType)
	for n, a := range pools {
		j.apart(a, pools[:n])
	}
	vpcs := j.spans("VPC", "cidrBlock", model.VpcType)
	pods, services := j.fact("podCidr"), j.fact("serviceCidr")
	switch clusters := len(j.of(model.ClusterType)); {
	case clusters == 0 && len(vpcs) > 0:
		j.NotEvaluatedFact("cidrs-apart: podCidr and serviceCidr are in another stack")
	case clusters > 0 && len(j.of(model.VpcType)) == 0:
		j.NotEvaluatedFact("cidrs-apart: the VPC is in another stack")
	}
	for _, a := range slices.Concat(pools, pods, services) {
		j.apart(a, vpcs)
	}
	for _, a := range services {
		j.apart(a, slices.Concat(pods, pools))
	}
}

// apart reports where a block overlaps others.
func (j *judge) apart(a span, others []span) {
	for _, b := range others {
		if a.block.Overlaps(b.block) {
			j.fail(a.Resource, "%s %s overlaps %s %s", a.what, a.block, b.what, b.block)
		}
	}
}

// spans are the blocks at a path of all resources of a type.
func (j *judge) spans(what, path, token string) []span {
	var found []span
	for _, r := range j.of(token) {
		if block, known := j.block(r, path); known {
			found = append(found, span{r, what + " " + r.Name, block})
		}
	}
	return found
}

// fact is a block that the cluster publishes, if this stack holds the cluster.
func (j *judge) fact(name string) []span {
	var found []span
	for _, r := range j.of(model.ClusterType) {
		if block, known := j.block(r, name); known {
			found = append(found, span{r, name, block})
		}
	}
	return found
}
