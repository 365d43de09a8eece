package report

import (
	"cmp"
	"slices"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/placement"
)

// Network is the declared VPC with its subnets and machines. What is not known is empty.
type Network struct {
	VPC       string    `json:"vpc,omitempty"`
	PodCIDR   string    `json:"podCidr,omitempty"`
	NodePorts []int32   `json:"nodePorts,omitempty"`
	Subnets   []Subnet  `json:"subnets"`
	Machines  []Machine `json:"machines"`
}

// Subnet is one of the VPC, by the name of its resource.
type Subnet struct {
	Name string `json:"name"`
	CIDR string `json:"cidr,omitempty"`
	Zone string `json:"zone,omitempty"`
}

// Machine is a node of the cluster.
type Machine struct {
	Node string `json:"node"`
	// Role is control-plane or worker.
	Role         string `json:"role,omitempty"`
	InstanceType string `json:"instanceType,omitempty"`
	PrivateIP    string `json:"privateIp,omitempty"`
	// Subnet is its resource's name.
	Subnet string `json:"subnet,omitempty"`
	Zone   string `json:"zone,omitempty"`
}

// State is a network and where pods are in it.
type State struct {
	Network   Network   `json:"network"`
	Placement Placement `json:"placement"`
}

// StateOf is where a simulation has put the pods.
func StateOf(s *placement.Simulation) State {
	return State{NetworkOf(s.Stack), Placement{Nodes: s.NodeUses(), Tiers: s.TierPlacements()}}
}

// NetworkOf reads the network from a stack.
func NetworkOf(stack *model.Stack) Network {
	network := Network{PodCIDR: stack.Facts.PodCidr, Subnets: []Subnet{}, Machines: []Machine{}}
	for _, vpc := range stack.Of(model.VpcType) {
		network.VPC, _ = vpc.Text("cidrBlock")
	}
	for _, r := range stack.Of(model.SubnetType) {
		subnet := Subnet{Name: r.Name}
		subnet.CIDR, _ = r.Text("cidrBlock")
		subnet.Zone, _ = r.Text("availabilityZone")
		network.Subnets = append(network.Subnets, subnet)
	}
	for _, service := range stack.Services {
		for _, port := range service.Value.Spec.Ports {
			if port.NodePort != 0 {
				network.NodePorts = append(network.NodePorts, port.NodePort)
			}
		}
	}
	slices.Sort(network.NodePorts)
	for _, node := range stack.Members() {
		machine := Machine{Node: node.Name, Role: node.Role, InstanceType: node.InstanceType, PrivateIP: node.PrivateIP, Zone: Zone(node)}
		if node.Subnet != nil {
			machine.Subnet = node.Subnet.Name
		}
		network.Machines = append(network.Machines, machine)
	}
	return network
}

// Zone is the availability zone that a node is in, empty where it is not known.
func Zone(node *model.Node) string {
	var zone string
	if node.Instance != nil {
		zone, _ = node.Instance.Text("availabilityZone")
	}
	if zone == "" && node.Subnet != nil {
		zone, _ = node.Subnet.Text("availabilityZone")
	}
	return cmp.Or(zone, node.Labels["topology.kubernetes.io/zone"])
}

// redact takes secrets out of what the program wrote.
func (n *Network) redact(each func(texts ...*string)) {
	each(&n.VPC, &n.PodCIDR)
	for i := range n.Subnets {
		each(&n.Subnets[i].CIDR, &n.Subnets[i].Zone)
	}
	for i := range n.Machines {
		each(&n.Machines[i].InstanceType, &n.Machines[i].PrivateIP, &n.Machines[i].Zone)
	}
}
