package infra

import (
	"fmt"
	"net/netip"
	"regexp"

	"ecommerce-platform/infra/boundary"
)

var (
	dnsLabel     = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	instanceType = regexp.MustCompile(`^[a-z][a-z0-9-]*\.[a-z0-9]+(-[a-z0-9]+)?$`)

	// An ID or an alias would be drift from the ARN that EC2 reports. A key of several regions is named mrk-.
	kmsKey = regexp.MustCompile(`^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)

	// Graviton families have a g right after the generation (t4g, c7gn, im4gn); a1 is the first of them.
	armType = regexp.MustCompile(`^(a1|[a-z]+[0-9]+g[a-z]*(-[a-z0-9]+)?)\.`)
	// Types with one CPU or at most 1 GiB of memory, which kubeadm's preflight checks refuse for a control plane.
	// https://kubernetes.io/docs/setup/production-environment/tools/kubeadm/install-kubeadm/#before-you-begin
	smallType = regexp.MustCompile(`(\.nano|\.micro|^t2\.small|^m1\.(small|medium)|^m3\.medium)$`)
)

// Debian's image has a disk of 8 GiB, and an EBS volume cannot be smaller than its snapshot.
const minVolumeGiB, maxVolumeGiB = 8, 16384

func (a *Args) validateNodes(v *validation) {
	if a.CPUCredits != "unlimited" && a.CPUCredits != "standard" {
		v.Addf("cpuCredits %q: must be unlimited or standard", a.CPUCredits)
	}
	if a.KMSKeyID != "" && !kmsKey.MatchString(a.KMSKeyID) {
		v.Addf("kmsKeyId %q: not the ARN of a KMS key such as %q", a.KMSKeyID, "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab")
	}
	controlPlanes := 0
	names, addresses := map[string]int{}, map[netip.Addr]int{}
	for i, node := range a.Nodes {
		key := fmt.Sprintf("nodes[%d].", i)
		if !dnsLabel.MatchString(node.Name) {
			v.Addf("%sname %q: not a DNS label", key, node.Name)
		} else if first, taken := names[node.Name]; taken {
			v.Addf("%sname %q: duplicate of nodes[%d].name", key, node.Name, first)
		} else {
			names[node.Name] = i
		}
		switch node.Role {
		case boundary.ControlPlane:
			controlPlanes++
		case boundary.Worker:
		default:
			v.Addf("%srole %q: must be control-plane or worker", key, node.Role)
		}
		a.validateAddress(v, i, addresses)
		validateMachine(v, key, node)
	}
	switch {
	case controlPlanes == 0:
		v.Addf("nodes (0 with role control-plane): exactly one control plane is required")
	case controlPlanes > 1:
		v.Addf("nodes (%d with role control-plane): exactly one control plane is offered yet", controlPlanes)
	}
}

func (a *Args) validateAddress(v *validation, i int, taken map[netip.Addr]int) {
	key, text := fmt.Sprintf("nodes[%d].privateIp", i), a.Nodes[i].PrivateIP
	address, err := netip.ParseAddr(text)
	if err != nil || !address.Is4() {
		v.Addf("%s %q: not an IPv4 address", key, text)
		return
	}
	if first, dup := taken[address]; dup {
		v.Addf("%s %q: duplicate of nodes[%d].privateIp", key, text, first)
		return
	}
	taken[address] = i
	subnet, err := netip.ParsePrefix(a.SubnetCidr)
	if err != nil || !subnet.Addr().Is4() || subnet != subnet.Masked() {
		return // reported already, and nothing can be said about the address
	}
	if !subnet.Contains(address) {
		v.Addf("%s %q: outside subnetCidr %q", key, text, a.SubnetCidr)
	} else if reserved(subnet, address) {
		v.Addf("%s %q: reserved by AWS in subnetCidr %q", key, text, a.SubnetCidr)
	}
}

func validateMachine(v *validation, key string, node Node) {
	switch {
	case !instanceType.MatchString(node.InstanceType):
		v.Addf(`%sinstanceType %q: not an EC2 instance type such as "t3.medium"`, key, node.InstanceType)
	case armType.MatchString(node.InstanceType):
		v.Addf("%sinstanceType %q: an Arm type, only x86_64 is offered yet", key, node.InstanceType)
	case node.Role == boundary.ControlPlane && smallType.MatchString(node.InstanceType):
		v.Addf("%sinstanceType %q: too small for a control plane, kubeadm needs 2 CPUs and 1700 MB", key, node.InstanceType)
	}
	if node.RootVolumeGiB < minVolumeGiB || node.RootVolumeGiB > maxVolumeGiB {
		v.Addf("%srootVolumeGiB %d: must be between %d and %d", key, node.RootVolumeGiB, minVolumeGiB, maxVolumeGiB)
	}
	v.volumes(key, node.Volumes)
}

// reserved tells whether AWS keeps the address for itself: the first four of a subnet and the last.
// https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
func reserved(subnet netip.Prefix, address netip.Addr) bool {
	first := subnet.Masked().Addr()
	for range 4 {
		if address == first {
			return true
		}
		first = first.Next()
	}
	return !subnet.Contains(address.Next())
}
