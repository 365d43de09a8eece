package tests

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/infra"
	"ecommerce-platform/infra/boundary"
	"ecommerce-platform/tests/pulumitest"
)

// infraMessages is what Validate says, in its order.
func infraMessages(args *infra.Args) []string {
	messages := []string{}
	for _, err := range args.Validate() {
		messages = append(messages, err.Error())
	}
	return messages
}

func TestInfraValidation(t *testing.T) {
	const openAdmin = `opens SSH and the API server to the internet, use a block such as "203.0.113.7/32"`
	for name, c := range map[string]struct {
		breaks func(*infra.Args)
		says   string
	}{
		"a volume without a name":  {func(a *infra.Args) { a.Nodes[1].Volumes = []infra.Volume{{Type: "gp3", GiB: 1}} }, `nodes[1].volumes[0].name "": not a DNS label`},
		"a volume of another type": {func(a *infra.Args) { a.Nodes[1].Volumes = []infra.Volume{{Name: "a", Type: "io2", GiB: 1}} }, `nodes[1].volumes[0].type "io2": must be gp2 or gp3`},
		"a volume of no size":      {func(a *infra.Args) { a.Nodes[1].Volumes = []infra.Volume{{Name: "a", Type: "gp3"}} }, `nodes[1].volumes[0].giB 0: must be between 1 and 16384`},
		"a volume that is there twice": {func(a *infra.Args) {
			a.Nodes[1].Volumes = []infra.Volume{{Name: "a", Type: "gp3", GiB: 1}, {Name: "a", Type: "gp3", GiB: 1}}
		}, `nodes[1].volumes[1].name "a": is there twice`},
		"vpcCidr that is no block":       {func(a *infra.Args) { a.VpcCidr = "172.31.0.0" }, `vpcCidr "172.31.0.0": not an IPv4 CIDR block`},
		"vpcCidr of IPv6":                {func(a *infra.Args) { a.VpcCidr = "fd00::/20" }, `vpcCidr "fd00::/20": not an IPv4 CIDR block`},
		"vpcCidr with a prefix too long": {func(a *infra.Args) { a.VpcCidr = "172.31.0.0/33" }, `vpcCidr "172.31.0.0/33": not an IPv4 CIDR block`},
		"vpcCidr with host bits":         {func(a *infra.Args) { a.VpcCidr = "172.31.5.0/20" }, `vpcCidr "172.31.5.0/20": has host bits set, use "172.31.0.0/20"`},
		"vpcCidr too large":              {func(a *infra.Args) { a.VpcCidr = "172.16.0.0/12" }, `vpcCidr "172.16.0.0/12": AWS allows /16 to /28`},
		"vpcCidr too small": {func(a *infra.Args) {
			a.VpcCidr, a.SubnetCidr = "10.0.0.0/29", "10.0.0.0/29"
			a.Nodes[0].PrivateIP, a.Nodes[1].PrivateIP, a.Nodes[2].PrivateIP = "10.0.0.4", "10.0.0.5", "10.0.0.6"
		}, `vpcCidr "10.0.0.0/29": AWS allows /16 to /28`},
		"subnetCidr too small": {func(a *infra.Args) {
			a.SubnetCidr = "172.31.2.232/29"
			a.Nodes[0].PrivateIP, a.Nodes[1].PrivateIP, a.Nodes[2].PrivateIP = "172.31.2.236", "172.31.2.237", "172.31.2.238"
		}, `subnetCidr "172.31.2.232/29": AWS allows /16 to /28`},
		"subnetCidr that is no block":     {func(a *infra.Args) { a.SubnetCidr = "" }, `subnetCidr "": not an IPv4 CIDR block`},
		"subnetCidr with host bits":       {func(a *infra.Args) { a.SubnetCidr = "172.31.1.0/20" }, `subnetCidr "172.31.1.0/20": has host bits set, use "172.31.0.0/20"`},
		"subnetCidr larger than the VPC":  {func(a *infra.Args) { a.SubnetCidr = "172.31.0.0/19" }, `subnetCidr "172.31.0.0/19": outside vpcCidr "172.31.0.0/20"`},
		"subnetCidr elsewhere":            {func(a *infra.Args) { a.VpcCidr = "172.30.0.0/20" }, `subnetCidr "172.31.0.0/20": outside vpcCidr "172.30.0.0/20"`},
		"podCidr that is no block":        {func(a *infra.Args) { a.PodCidr = "pods" }, `podCidr "pods": not an IPv4 CIDR block`},
		"podCidr with host bits":          {func(a *infra.Args) { a.PodCidr = "192.168.1.1/16" }, `podCidr "192.168.1.1/16": has host bits set, use "192.168.0.0/16"`},
		"podCidr over the VPC":            {func(a *infra.Args) { a.PodCidr = "172.31.8.0/21" }, `podCidr "172.31.8.0/21": overlaps vpcCidr "172.31.0.0/20"`},
		"serviceCidr that is no block":    {func(a *infra.Args) { a.ServiceCidr = "10.96.0.0/x" }, `serviceCidr "10.96.0.0/x": not an IPv4 CIDR block`},
		"serviceCidr with host bits":      {func(a *infra.Args) { a.ServiceCidr = "10.100.0.0/12" }, `serviceCidr "10.100.0.0/12": has host bits set, use "10.96.0.0/12"`},
		"serviceCidr over the VPC":        {func(a *infra.Args) { a.ServiceCidr = "172.16.0.0/12" }, `serviceCidr "172.16.0.0/12": overlaps vpcCidr "172.31.0.0/20"`},
		"serviceCidr over the pods":       {func(a *infra.Args) { a.ServiceCidr = "192.168.128.0/17" }, `serviceCidr "192.168.128.0/17": overlaps podCidr "192.168.0.0/16"`},
		"availabilityZone that is none":   {func(a *infra.Args) { a.AvailabilityZone = "eu-central-1" }, `availabilityZone "eu-central-1": not an availability zone such as "eu-central-1a"`},
		"adminCidrs missing":              {func(a *infra.Args) { a.AdminCidrs = nil }, `adminCidrs <unset>: required, the CIDR blocks that may reach SSH and the API server, such as ["203.0.113.7/32"]`},
		"adminCidrs of everybody":         {func(a *infra.Args) { a.AdminCidrs = []string{"0.0.0.0/0"} }, `adminCidrs[0] "0.0.0.0/0": ` + openAdmin},
		"adminCidrs of everybody in IPv6": {func(a *infra.Args) { a.AdminCidrs = []string{"::/0"} }, `adminCidrs[0] "::/0": ` + openAdmin},
		"adminCidrs of half the world":    {func(a *infra.Args) { a.AdminCidrs = []string{"128.0.0.0/1"} }, `adminCidrs[0] "128.0.0.0/1": ` + openAdmin},
		"adminCidrs without a prefix":     {func(a *infra.Args) { a.AdminCidrs[0] = "203.0.113.7" }, `adminCidrs[0] "203.0.113.7": not an IPv4 CIDR block`},
		"adminCidrs with host bits":       {func(a *infra.Args) { a.AdminCidrs = append(a.AdminCidrs, "203.0.113.9/24") }, `adminCidrs[1] "203.0.113.9/24": has host bits set, use "203.0.113.0/24"`},
		"adminCidrs twice":                {func(a *infra.Args) { a.AdminCidrs = append(a.AdminCidrs, a.AdminCidrs[0]) }, `adminCidrs[1] "203.0.113.7/32": duplicate of adminCidrs[0]`},
		"clientCidrs that is no block":    {func(a *infra.Args) { a.ClientCidrs[0] = "everyone" }, `clientCidrs[0] "everyone": not an IPv4 CIDR block`},
		"clientCidrs with host bits":      {func(a *infra.Args) { a.ClientCidrs[0] = "10.1.1.1/8" }, `clientCidrs[0] "10.1.1.1/8": has host bits set, use "10.0.0.0/8"`},
		"clientCidrs twice":               {func(a *infra.Args) { a.ClientCidrs = append(a.ClientCidrs, "0.0.0.0/0") }, `clientCidrs[1] "0.0.0.0/0": duplicate of clientCidrs[0]`},
		"nodePort too low":                {func(a *infra.Args) { a.NodePort = 29999 }, `nodePort 29999: must be between 30000 and 32767`},
		"nodePort too high":               {func(a *infra.Args) { a.NodePort = 32768 }, `nodePort 32768: must be between 30000 and 32767`},
		"amiOwner that is none":           {func(a *infra.Args) { a.AMIOwner = "debian" }, `amiOwner "debian": must be a 12-digit AWS account, amazon, aws-marketplace or self`},
		"kmsKeyId that is an alias":       {func(a *infra.Args) { a.KMSKeyID = "alias/shop" }, `kmsKeyId "alias/shop": not the ARN of a KMS key such as "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"`},
		"kmsKeyId of an alias's ARN": {
			func(a *infra.Args) { a.KMSKeyID = "arn:aws:kms:eu-central-1:111122223333:alias/shop" },
			`kmsKeyId "arn:aws:kms:eu-central-1:111122223333:alias/shop": not the ARN of a KMS key such as "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"`,
		},
		"cpuCredits unknown":          {func(a *infra.Args) { a.CPUCredits = "endless" }, `cpuCredits "endless": must be unlimited or standard`},
		"amiName missing":             {func(a *infra.Args) { a.AMIName = "" }, `amiName <unset>: required, a pattern such as "debian-13-amd64-*"`},
		"no control plane":            {func(a *infra.Args) { a.Nodes = a.Nodes[1:] }, `nodes (0 with role control-plane): exactly one control plane is required`},
		"no nodes at all":             {func(a *infra.Args) { a.Nodes = nil }, `nodes (0 with role control-plane): exactly one control plane is required`},
		"two control planes":          {func(a *infra.Args) { a.Nodes[1].Role = boundary.ControlPlane }, `nodes (2 with role control-plane): exactly one control plane is offered yet`},
		"unknown role":                {func(a *infra.Args) { a.Nodes[2].Role = "master" }, `nodes[2].role "master": must be control-plane or worker`},
		"name with capitals":          {func(a *infra.Args) { a.Nodes[1].Name = "Worker_1" }, `nodes[1].name "Worker_1": not a DNS label`},
		"name missing":                {func(a *infra.Args) { a.Nodes[1].Name = "" }, `nodes[1].name "": not a DNS label`},
		"name with a dot":             {func(a *infra.Args) { a.Nodes[1].Name = "a.b" }, `nodes[1].name "a.b": not a DNS label`},
		"name twice":                  {func(a *infra.Args) { a.Nodes[2].Name = "worker-node-1" }, `nodes[2].name "worker-node-1": duplicate of nodes[1].name`},
		"address that is none":        {func(a *infra.Args) { a.Nodes[1].PrivateIP = "172.31.2" }, `nodes[1].privateIp "172.31.2": not an IPv4 address`},
		"address of IPv6":             {func(a *infra.Args) { a.Nodes[1].PrivateIP = "fd00::1" }, `nodes[1].privateIp "fd00::1": not an IPv4 address`},
		"address twice":               {func(a *infra.Args) { a.Nodes[2].PrivateIP = "172.31.2.239" }, `nodes[2].privateIp "172.31.2.239": duplicate of nodes[1].privateIp`},
		"address outside the subnet":  {func(a *infra.Args) { a.Nodes[1].PrivateIP = "172.31.18.239" }, `nodes[1].privateIp "172.31.18.239": outside subnetCidr "172.31.0.0/20"`},
		"address of the network":      {func(a *infra.Args) { a.Nodes[1].PrivateIP = "172.31.0.0" }, `nodes[1].privateIp "172.31.0.0": reserved by AWS in subnetCidr "172.31.0.0/20"`},
		"fourth address":              {func(a *infra.Args) { a.Nodes[1].PrivateIP = "172.31.0.3" }, `nodes[1].privateIp "172.31.0.3": reserved by AWS in subnetCidr "172.31.0.0/20"`},
		"last address":                {func(a *infra.Args) { a.Nodes[1].PrivateIP = "172.31.15.255" }, `nodes[1].privateIp "172.31.15.255": reserved by AWS in subnetCidr "172.31.0.0/20"`},
		"instanceType that is none":   {func(a *infra.Args) { a.Nodes[1].InstanceType = "medium" }, `nodes[1].instanceType "medium": not an EC2 instance type such as "t3.medium"`},
		"instanceType for Arm":        {func(a *infra.Args) { a.Nodes[1].InstanceType = "t4g.medium" }, `nodes[1].instanceType "t4g.medium": an Arm type, only x86_64 is offered yet`},
		"control plane too small":     {func(a *infra.Args) { a.Nodes[0].InstanceType = "t3.micro" }, `nodes[0].instanceType "t3.micro": too small for a control plane, kubeadm needs 2 CPUs and 1700 MB`},
		"control plane with one CPU":  {func(a *infra.Args) { a.Nodes[0].InstanceType = "t2.small" }, `nodes[0].instanceType "t2.small": too small for a control plane, kubeadm needs 2 CPUs and 1700 MB`},
		"disk smaller than the image": {func(a *infra.Args) { a.Nodes[1].RootVolumeGiB = 7 }, `nodes[1].rootVolumeGiB 7: must be between 8 and 16384`},
		"disk larger than EBS has":    {func(a *infra.Args) { a.Nodes[1].RootVolumeGiB = 16385 }, `nodes[1].rootVolumeGiB 16385: must be between 8 and 16384`},
	} {
		t.Run(name, func(t *testing.T) {
			args := infraArgs()
			c.breaks(args)
			assert.Equal(t, []string{c.says}, infraMessages(args))
		})
	}
}

func TestInfraValidationAdmits(t *testing.T) {
	for name, change := range map[string]func(*infra.Args){
		"the specification's topology": func(*infra.Args) {},
		"the specification's own addresses in the block they lie in": func(a *infra.Args) {
			a.VpcCidr, a.SubnetCidr = "172.31.16.0/20", "172.31.16.0/20"
			a.Nodes[0].PrivateIP, a.Nodes[1].PrivateIP, a.Nodes[2].PrivateIP = "172.31.31.119", "172.31.18.239", "172.31.23.250"
		},
		"the first and the last free address": func(a *infra.Args) {
			a.Nodes[0].PrivateIP, a.Nodes[1].PrivateIP = "172.31.0.4", "172.31.15.254"
		},
		"a KMS key of its own": func(a *infra.Args) { a.KMSKeyID = infraKMSKey },
		"a KMS key of several regions, in another partition": func(a *infra.Args) {
			a.KMSKeyID = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab"
		},
		"the smallest network AWS has": func(a *infra.Args) {
			a.VpcCidr, a.SubnetCidr = "10.0.0.0/28", "10.0.0.0/28"
			a.Nodes[0].PrivateIP, a.Nodes[1].PrivateIP, a.Nodes[2].PrivateIP = "10.0.0.4", "10.0.0.9", "10.0.0.14"
		},
		"a subnet that is part of the VPC": func(a *infra.Args) { a.VpcCidr = "172.31.0.0/16" },
		"no clients":                       func(a *infra.Args) { a.ClientCidrs = nil },
		"a small worker":                   func(a *infra.Args) { a.Nodes[1].InstanceType = "t3.micro" },
		"a control plane with 2 GiB":       func(a *infra.Args) { a.Nodes[0].InstanceType = "t3.small" },
		"types of other shapes": func(a *infra.Args) {
			a.Nodes[0].InstanceType, a.Nodes[1].InstanceType, a.Nodes[2].InstanceType = "m7i-flex.large", "g4dn.xlarge", "m7i.metal-24xl"
		},
		"keys that are not derived yet": func(a *infra.Args) { a.AuthorizedKeys, a.Nodes[0].HostPublicKey = nil, "" },
	} {
		t.Run(name, func(t *testing.T) {
			args := infraArgs()
			change(args)
			assert.Empty(t, infraMessages(args))
		})
	}
}

func TestInfraReportsAllErrorsBeforeItRegistersAnything(t *testing.T) {
	args := infraArgs()
	args.AdminCidrs, args.PodCidr, args.NodePort = nil, "172.31.0.0/16", 80
	args.Nodes[1].PrivateIP = "172.31.18.239"
	rec, err := pulumitest.RunErr(t, infraProgram(args))
	for _, message := range []string{
		`podCidr "172.31.0.0/16": overlaps vpcCidr "172.31.0.0/20"`,
		`adminCidrs <unset>: required, `,
		`nodePort 80: must be between 30000 and 32767`,
		`nodes[1].privateIp "172.31.18.239": outside subnetCidr "172.31.0.0/20"`,
	} {
		require.ErrorContains(t, err, message)
	}
	assert.Empty(t, rec.All())
	assert.Empty(t, rec.Calls())
}

func TestInfraReportsABlockUsedTwiceOnce(t *testing.T) {
	args := infraArgs()
	args.VpcCidr, args.SubnetCidr = "172.31.0.0", "172.31.0.0"
	assert.Equal(t, []string{`vpcCidr "172.31.0.0": not an IPv4 CIDR block`}, infraMessages(args))
}

func TestInfraNeedsKeys(t *testing.T) {
	args := infraArgs()
	args.AuthorizedKeys, args.Nodes[1].HostPublicKey, args.Nodes[2].HostKey = []string{infraPublicKey("login"), ""}, "ssh-ed25519 AAAA", pulumi.StringInput(nil)
	rec, err := pulumitest.RunErr(t, infraProgram(args))
	require.ErrorContains(t, err, `authorizedKeys[1] "": not an SSH public key`)
	require.ErrorContains(t, err, `nodes[1].hostPublicKey "ssh-ed25519 AAAA": not an SSH public key`)
	require.ErrorContains(t, err, `nodes[2].hostKey <unset>: required`)
	assert.Empty(t, rec.All())
}
