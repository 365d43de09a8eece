package model

import (
	"encoding/json"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Roles of nodes, and the taint that kubeadm gives a control plane.
const (
	ControlPlane      = "control-plane"
	Worker            = "worker"
	ControlPlaneTaint = "node-role.kubernetes.io/control-plane"
)

// Node is one machine of the cluster.
type Node struct {
	Name, Role string
	// PrivateIP is the address among nodes, empty where this stack does not tell.
	PrivateIP string
	Labels    map[string]string
	Taints    []corev1.Taint
	// StaticPods are those that the program puts on the node besides the control plane's own.
	StaticPods []StaticPod

	InstanceType string
	// Capacity and Allocatable are nil where the size of the machine is not known; CapacityUnknown then says why.
	Capacity, Allocatable corev1.ResourceList
	CapacityUnknown       *Gap

	// Instance is the machine, and Patch what sets its labels and taints; nil where another stack holds them.
	Instance, Patch *Resource
	// Subnet and Groups are the machine's, by reference.
	Subnet *Resource
	Groups []*Resource
}

// published is a node as the components' output `nodes` describes it.
type published struct {
	Name       string            `json:"name"`
	Role       string            `json:"role"`
	PrivateIP  string            `json:"privateIp"`
	Labels     map[string]string `json:"labels"`
	Taints     []corev1.Taint    `json:"taints"`
	StaticPods []StaticPod       `json:"staticPods"`
}

// readNodes puts together what machines, components and patches each tell of a node.
func (s *Stack) readNodes() {
	for _, token := range []string{InfraType, ClusterType, WorkloadsType} {
		for _, component := range s.Of(token) {
			s.readPublished(component)
		}
	}
	for _, instance := range s.Of(InstanceType) {
		s.readInstance(instance)
	}
	for _, r := range s.Resources {
		if Kind(r) == "NodePatch" {
			s.readPatch(r)
		}
	}
	for _, node := range s.Nodes {
		node.standardLabels()
		if node.Role == ControlPlane && len(node.Taints) == 0 {
			node.Taints = []corev1.Taint{{Key: ControlPlaneTaint, Effect: corev1.TaintEffectNoSchedule}}
		}
		s.size(node)
	}
}

// node returns the node of that name, adding it if it is new.
func (s *Stack) node(name string) *Node {
	if node := s.Node(name); node != nil {
		return node
	}
	node := &Node{Name: name, Labels: map[string]string{}}
	s.Nodes = append(s.Nodes, node)
	return node
}

// Node returns the node of that name, or nil.
func (s *Stack) Node(name string) *Node {
	for _, node := range s.Nodes {
		if node.Name == name {
			return node
		}
	}
	return nil
}

// Members are the nodes that are in the cluster: not a machine beside it, such as a bastion, which no component and no patch names
// and whose tag says no role.
func (s *Stack) Members() []*Node {
	var members []*Node
	for _, node := range s.Nodes {
		if node.Role == ControlPlane || node.Role == Worker || node.Patch != nil || node.Instance == nil {
			members = append(members, node)
		}
	}
	return members
}

func (s *Stack) readPublished(component *Resource) {
	list, known := component.List("nodes")
	if !known {
		s.NotEvaluated(component, "nodes")
	}
	for _, item := range list {
		var output published
		if body, err := json.Marshal(item); err != nil || json.Unmarshal(body, &output) != nil || output.Name == "" {
			continue
		}
		if len(s.Of(ClusterType)) > 0 {
			// Where this stack holds the cluster, its patches say what nodes get, not what a component says of itself.
			output.Labels, output.Taints = nil, nil
		}
		node := s.node(output.Name)
		if output.Role != "" {
			node.Role = output.Role
		}
		if output.PrivateIP != "" {
			node.PrivateIP = output.PrivateIP
		}
		for key, value := range output.Labels {
			node.Labels[key] = value
		}
		if len(output.Taints) > 0 {
			node.Taints = output.Taints
		}
		if len(output.StaticPods) > 0 {
			node.StaticPods = output.StaticPods
		}
	}
}

func (s *Stack) readInstance(instance *Resource) {
	node := s.node(instance.Name)
	node.Instance = instance
	if role, _ := instance.Text("tags.Role"); node.Role == "" {
		node.Role = role
	}
	if ip, _ := instance.Text("privateIp"); ip != "" {
		node.PrivateIP = ip
	}
	node.InstanceType, _ = instance.Text("instanceType")
	for _, subnet := range s.Referred(instance, "subnetId", SubnetType) {
		node.Subnet = subnet
	}
	node.Groups = s.Referred(instance, "vpcSecurityGroupIds", GroupType, DefaultGroupType)
}

func (s *Stack) readPatch(r *Resource) {
	name, known := r.Text("metadata.name")
	if !known {
		s.NotEvaluated(r, "metadata.name")
		return
	}
	object := newObject[corev1.Node](r)
	if object.Malformed != nil || name == "" {
		return
	}
	for _, path := range append(r.UnknownBelow("metadata.labels"), r.UnknownBelow("spec.taints")...) {
		s.NotEvaluated(r, path)
	}
	node := s.node(name)
	node.Patch = r
	for key, value := range object.Value.Labels {
		node.Labels[key] = value
	}
	if r.Has("spec.taints") {
		node.Taints = slices.DeleteFunc(object.Value.Spec.Taints, passing)
	}
}

// passing tells whether Kubernetes itself gives a node the taint while something is the matter with it. The state of a stack has those of
// the moment in which it was written.
// https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions
func passing(taint corev1.Taint) bool {
	switch taint.Key {
	case corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable, corev1.TaintNodeUnschedulable, corev1.TaintNodeNetworkUnavailable,
		corev1.TaintNodeMemoryPressure, corev1.TaintNodeDiskPressure, corev1.TaintNodePIDPressure:
		return true
	}
	return false
}

// standardLabels are those that every kubelet and kubeadm set.
// Source: https://kubernetes.io/docs/reference/labels-annotations-taints/
func (n *Node) standardLabels() {
	standard := map[string]string{
		corev1.LabelHostname: n.Name, corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64",
		"beta.kubernetes.io/os": "linux", "beta.kubernetes.io/arch": "amd64",
	}
	if n.Role == ControlPlane {
		standard["node-role.kubernetes.io/control-plane"] = ""
		standard[corev1.LabelNodeExcludeBalancers] = ""
	}
	for key, value := range standard {
		if _, set := n.Labels[key]; !set {
			n.Labels[key] = value
		}
	}
}

// size finds out what fits on the node.
func (s *Stack) size(node *Node) {
	switch {
	case node.Instance == nil:
		node.CapacityUnknown = &Gap{Fact: "capacity of node " + node.Name + ": its machine is in another stack"}
		return
	case node.Instance.Unknown("instanceType"):
		node.CapacityUnknown = &Gap{Type: node.Instance.Type, Name: node.Instance.Name, Path: "instanceType"}
		return
	}
	disk, _ := node.Instance.Number("rootBlockDevice.volumeSize")
	capacity, allocatable, err := s.Kubelet.capacities(node.InstanceType, disk)
	if err != nil {
		node.CapacityUnknown = &Gap{Type: node.Instance.Type, Name: node.Instance.Name, Path: "instanceType", Fact: err.Error()}
		return
	}
	node.Capacity, node.Allocatable = capacity, allocatable
}
