package infra

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"ecommerce-platform/infra/boundary"
)

var (
	availabilityZone = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9][a-z]$`)
	amiOwner         = regexp.MustCompile(`^([0-9]{12}|amazon|aws-marketplace|self)$`)
)

// Narrower than this an admin block is a network somebody owns; wider it is a good part of the internet.
const minAdminBits = 8

// Validate returns everything that is wrong with the configuration, each as `key value: rule`.
func (a *Args) Validate() []error {
	v := &validation{}
	a.validateNetwork(v)
	a.validateAccess(v)
	a.validateIngressRules(v)
	a.validateImage(v)
	a.validateNodes(v)
	return v.Found()
}

// checkKeys finds keys that the program failed to pass. They are derived, so configuration cannot be at fault.
func (a *Args) checkKeys() []error {
	v := &validation{}
	if len(a.AuthorizedKeys) == 0 {
		v.Addf("authorizedKeys []: at least one is required")
	}
	for i, key := range a.AuthorizedKeys {
		v.publicKey(fmt.Sprintf("authorizedKeys[%d]", i), key)
	}
	for i, node := range a.Nodes {
		if node.HostKey == nil {
			v.Addf("nodes[%d].hostKey <unset>: required", i)
		}
		v.publicKey(fmt.Sprintf("nodes[%d].hostPublicKey", i), node.HostPublicKey)
	}
	return v.Found()
}

func (a *Args) validateNetwork(v *validation) {
	vpc := v.cidr("vpcCidr", a.VpcCidr)
	subnet := vpc // the same block is not reported twice
	if a.SubnetCidr != a.VpcCidr {
		subnet = v.cidr("subnetCidr", a.SubnetCidr)
		v.size("subnetCidr", subnet)
	}
	pod := v.cidr("podCidr", a.PodCidr)
	service := v.cidr("serviceCidr", a.ServiceCidr)

	v.size("vpcCidr", vpc)
	if vpc.IsValid() && subnet.IsValid() && (!vpc.Contains(subnet.Addr()) || subnet.Bits() < vpc.Bits()) {
		v.Addf("subnetCidr %q: outside vpcCidr %q", subnet, vpc)
	}
	v.apart("podCidr", pod, "vpcCidr", vpc)
	v.apart("serviceCidr", service, "vpcCidr", vpc)
	v.apart("serviceCidr", service, "podCidr", pod)

	if a.AvailabilityZone != "" && !availabilityZone.MatchString(a.AvailabilityZone) {
		v.Addf(`availabilityZone %q: not an availability zone such as "eu-central-1a"`, a.AvailabilityZone)
	}
}

func (a *Args) validateAccess(v *validation) {
	if len(a.AdminCidrs) == 0 {
		v.Addf(`adminCidrs <unset>: required, the CIDR blocks that may reach SSH and the API server, such as ["203.0.113.7/32"]`)
	}
	for i, cidr := range a.AdminCidrs {
		if block, err := netip.ParsePrefix(cidr); err == nil && block.Bits() < minAdminBits {
			v.Addf(`adminCidrs[%d] %q: opens SSH and the API server to the internet, use a block such as "203.0.113.7/32"`, i, cidr)
			continue
		}
		v.cidr(fmt.Sprintf("adminCidrs[%d]", i), cidr)
	}
	v.unique("adminCidrs", a.AdminCidrs)
	for i, cidr := range a.ClientCidrs {
		v.cidr(fmt.Sprintf("clientCidrs[%d]", i), cidr)
	}
	v.unique("clientCidrs", a.ClientCidrs)
	if a.NodePort < 30000 || a.NodePort > 32767 {
		v.Addf("nodePort %d: must be between 30000 and 32767", a.NodePort)
	}
}

func (a *Args) validateImage(v *validation) {
	if !amiOwner.MatchString(a.AMIOwner) {
		v.Addf("amiOwner %q: must be a 12-digit AWS account, amazon, aws-marketplace or self", a.AMIOwner)
	}
	if a.AMIName == "" {
		v.Addf(`amiName <unset>: required, a pattern such as "debian-13-amd64-*"`)
	}
}

// validation collects errors.
type validation struct{ boundary.Problems }

// cidr returns the block, or the zero Prefix if it is reported as wrong.
func (v *validation) cidr(key, text string) netip.Prefix {
	block, _ := v.CIDR(key, text)
	return block
}

func (v *validation) size(key string, block netip.Prefix) {
	if block.IsValid() && (block.Bits() < 16 || block.Bits() > 28) {
		v.Addf("%s %q: AWS allows /16 to /28", key, block)
	}
}

func (v *validation) apart(key string, block netip.Prefix, otherKey string, other netip.Prefix) {
	if block.IsValid() && other.IsValid() && block.Overlaps(other) {
		v.Addf("%s %q: overlaps %s %q", key, block, otherKey, other)
	}
}

// unique reports repeated blocks, which would be one security group rule twice.
func (v *validation) unique(key string, list []string) {
	for i, text := range list {
		if first := slices.Index(list, text); first < i {
			v.Addf("%s[%d] %q: duplicate of %s[%d]", key, i, text, key, first)
		}
	}
}

func (v *validation) publicKey(key, text string) {
	if _, _, _, _, err := ssh.ParseAuthorizedKey([]byte(strings.TrimSpace(text))); err != nil {
		v.Addf("%s %q: not an SSH public key", key, text)
	}
}
