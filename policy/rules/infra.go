package rules

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/reach"
)

// worldOpenPort lets the internet reach NodePorts, and ICMP's answer to a packet that is too big.
func worldOpenPort(j *judge) {
	nodePorts, complete := j.nodePorts()
	for _, g := range reach.Grants(j.Stack) {
		for _, path := range g.Unknown {
			j.NotEvaluated(g.Resource, path)
		}
		if g.Egress || len(g.Unknown) > 0 || !reach.IsInternet(g.Block) || g.IsFragmentationNeeded() {
			continue
		}
		// Not all NodePorts are known where the Services are in another stack, or not known yet.
		if !g.IsNodePort(nodePorts, complete) {
			j.fail(g.Resource, "%s is open to %s", g.Ports(), g.Block)
		}
	}
}

// groupRulesTogether compares, for each direction of a group, its own list with the rules that are resources.
func groupRulesTogether(j *judge) {
	for _, group := range j.of(model.GroupType) {
		for _, egress := range []bool{false, true} {
			listed, separate := 0, 0
			for _, g := range reach.Grants(j.Stack) {
				switch {
				case g.Group != group.URN || g.Egress != egress:
				case g.Resource == group:
					listed++
				default:
					separate++
				}
			}
			if listed > 0 && separate > 0 {
				j.fail(group, "security group %s has %d rules in its own list and %d beside it, which an update of the list takes away", group.Name, listed, separate)
			}
		}
	}
}

// nodePorts is those of the declared Services, and whether that is all there are.
func (j *judge) nodePorts() (ports []corev1.ServicePort, complete bool) {
	complete = len(j.Services) > 0
	for _, s := range j.services() {
		complete = j.known(s.Resource, "spec.ports") && complete
		for _, port := range s.object.Spec.Ports {
			ports = append(ports, port)
			// A NodePort that the cluster will choose may be any.
			complete = complete && (port.NodePort != 0 || s.object.Spec.Type != corev1.ServiceTypeNodePort)
		}
	}
	return ports, complete
}

func sourceDestCheckOff(j *judge) {
	for _, i := range j.members() {
		if check, known := j.truth(i.Instance, "sourceDestCheck", true); known && check {
			j.fail(i.Instance, "the source/destination check of %s is on, so AWS drops the packets of its pods", i.Name)
		}
	}
}

func oneSubnet(j *judge) {
	var first *model.Node
	for _, i := range j.members() {
		subnet := j.subnet(i)
		switch {
		case subnet == "":
		case first == nil:
			first = i
		case subnet != j.subnet(first):
			j.fail(i.Instance, "%s is in subnet %s and %s in subnet %s, and AWS routes no pod addresses between subnets",
				i.Name, subnet, first.Name, j.subnet(first))
		}
	}
}

// subnet is a machine's by name, or by identifier where another stack has it; empty where it is not known.
func (j *judge) subnet(n *model.Node) string {
	if n.Subnet != nil {
		return n.Subnet.Name
	}
	id, known := j.text(n.Instance, "subnetId")
	if known && id == "" {
		j.NotEvaluated(n.Instance, "subnetId")
	}
	return id
}

// members are the machines of the cluster; one without a role is none of it.
func (j *judge) members() []*model.Node {
	return slices.DeleteFunc(j.machines(), func(n *model.Node) bool { return n.Role == "" })
}

// machines are the nodes whose instances this stack holds.
func (j *judge) machines() []*model.Node {
	var found []*model.Node
	for _, node := range j.Nodes {
		if node.Instance != nil {
			found = append(found, node)
		}
	}
	return found
}

func imdsV2(j *judge) {
	for _, i := range j.machines() {
		if endpoint, known := j.text(i.Instance, "metadataOptions.httpEndpoint"); known && endpoint == "disabled" {
			continue
		}
		if tokens, known := j.text(i.Instance, "metadataOptions.httpTokens"); known && tokens != "required" {
			j.fail(i.Instance, "%s answers metadata requests without a session token (httpTokens %q)", i.Name, tokens)
		}
		// AWS's default is 1, unless the account says otherwise.
		if hops, known := j.number(i.Instance, "metadataOptions.httpPutResponseHopLimit", 1); known && hops > 1 {
			j.fail(i.Instance, "pods on %s can reach its metadata service, %d hops away", i.Name, hops)
		}
	}
}

func volumesEncrypted(j *judge) {
	for _, i := range j.machines() {
		disks := []string{"rootBlockDevice"}
		list, _ := i.Instance.List("ebsBlockDevices")
		for n := range list {
			disks = append(disks, fmt.Sprintf("ebsBlockDevices[%d]", n))
		}
		for _, disk := range disks {
			if encrypted, known := j.truth(i.Instance, disk+".encrypted", false); known && !encrypted {
				j.fail(i.Instance, "%s of %s is not encrypted", disk, i.Name)
			}
		}
	}
	for _, v := range j.of(model.VolumeType) {
		if encrypted, known := j.truth(v, "encrypted", false); known && !encrypted {
			j.fail(v, "volume %s is not encrypted", v.Name)
		}
	}
}

func amiChangeKeepsNodes(j *judge) {
	for _, i := range j.machines() {
		if ignored := i.Instance.Options.IgnoreChanges; !slices.Contains(ignored, "ami") && !slices.Contains(ignored, "*") {
			j.fail(i.Instance, "a newer machine image replaces %s and all that is on it", i.Name)
		}
	}
}
