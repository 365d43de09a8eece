package rules

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// worldOpenPort lets the internet reach NodePorts, and ICMP's answer to a packet that is too big.
func worldOpenPort(j *judge) {
	nodePorts, complete := j.nodePorts()
	for _, g := range j.grants() {
		if g.egress || !isInternet(g.block) || isFragmentationNeeded(g) {
			continue
		}
		tcp := g.protocol == "tcp" && g.from == g.to
		switch {
		case tcp && slices.Contains(nodePorts, g.from):
		case tcp && !complete && g.from >= firstNodePort && g.from <= lastNodePort:
			// The Services are in another stack, or not known yet.
		default:
			j.fail(g.Resource, "%s is open to %s", ports(g.protocol, g.from, g.to), g.block)
		}
	}
}

// isFragmentationNeeded is path MTU discovery: ICMP type 3 code 4, or ICMPv6 type 2.
func isFragmentationNeeded(g grant) bool {
	return g.protocol == "icmp" && g.from == 3 && g.to == 4 || g.protocol == "icmpv6" && g.from == 2
}

// ports puts a protocol and a range in words.
func ports(protocol string, from, to int) string {
	switch {
	case protocol == "-1":
		return "every port"
	case strings.HasPrefix(protocol, "icmp"):
		return fmt.Sprintf("%s type %d", protocol, from)
	case from == to:
		return fmt.Sprintf("%s port %d", protocol, from)
	}
	return fmt.Sprintf("%s ports %d to %d", protocol, from, to)
}

func sourceDestCheckOff(j *judge) {
	for _, i := range j.instances() {
		if check, known := j.truth(i.Resource, "sourceDestCheck", true); known && check {
			j.fail(i.Resource, "the source/destination check of %s is on, so AWS drops the packets of its pods", i.name)
		}
	}
}

func oneSubnet(j *judge) {
	first := map[string]string{} // a machine by its subnet
	var subnets []string
	for _, i := range j.instances() {
		subnet, known := j.subnet(i.Resource)
		if !known {
			continue
		}
		if _, seen := first[subnet]; !seen {
			first[subnet] = i.name
			subnets = append(subnets, subnet)
		}
		if len(subnets) > 1 && subnet != subnets[0] {
			j.fail(i.Resource, "%s is in subnet %s and %s in subnet %s, and AWS routes no pod addresses between subnets",
				i.name, shortName(subnet), first[subnets[0]], shortName(subnets[0]))
		}
	}
}

func imdsV2(j *judge) {
	for _, i := range j.instances() {
		if endpoint, known := j.text(i.Resource, "metadataOptions.httpEndpoint"); known && endpoint == "disabled" {
			continue
		}
		if tokens, known := j.text(i.Resource, "metadataOptions.httpTokens"); known && tokens != "required" {
			j.fail(i.Resource, "%s answers metadata requests without a session token (httpTokens %q)", i.name, tokens)
		}
		// AWS's default is 1, unless the account says otherwise.
		if hops, known := j.number(i.Resource, "metadataOptions.httpPutResponseHopLimit", 1); known && hops > 1 {
			j.fail(i.Resource, "pods on %s can reach its metadata service, %d hops away", i.name, hops)
		}
	}
}

func volumesEncrypted(j *judge) {
	for _, i := range j.instances() {
		for _, path := range j.devices(i.Resource) {
			if encrypted, known := j.truth(i.Resource, path+".encrypted", false); known && !encrypted {
				j.fail(i.Resource, "%s of %s is not encrypted", path, i.name)
			}
		}
	}
	for _, v := range j.resources("aws:ebs/volume:Volume") {
		if encrypted, known := j.truth(v.Resource, "encrypted", false); known && !encrypted {
			j.fail(v.Resource, "volume %s is not encrypted", v.name)
		}
	}
}

func amiChangeKeepsNodes(j *judge) {
	for _, i := range j.instances() {
		if ignored := j.options(i.Resource).IgnoreChanges; !slices.Contains(ignored, "ami") && !slices.Contains(ignored, "*") {
			j.fail(i.Resource, "a newer machine image replaces %s and all that is on it", i.name)
		}
	}
}

func controlPlaneProtected(j *judge) {
	if stack := j.stackName(); stack == "dev" || strings.HasPrefix(stack, "dev-") {
		return
	}
	for _, i := range j.instances() {
		if i.controlPlane && !j.options(i.Resource).Protect {
			j.fail(i.Resource, "%s holds etcd, and nothing keeps Pulumi from deleting or replacing it", i.name)
		}
	}
}

// span is a block of addresses that somebody hands out.
type span struct {
	urn, what string
	block     netip.Prefix
}

func cidrsApart(j *judge) {
	vpcs, subnets, others := j.spans()
	for n, a := range others {
		for _, b := range slices.Concat(vpcs, others[:n]) {
			if a.block.Overlaps(b.block) && a.what != b.what {
				j.fail(a.Resource, "%s %s overlaps %s %s", a.what, a.block, b.what, b.block)
			}
		}
	}
	for n, a := range subnets {
		for _, b := range subnets[:n] {
			if a.block.Overlaps(b.block) {
				j.fail(a.Resource, "%s %s overlaps %s %s", a.what, a.block, b.what, b.block)
			}
		}
	}
}
