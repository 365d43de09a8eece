package twin

import (
	"fmt"
	"net/netip"
	"strings"
)

func instanceType() *Type {
	return &Type{
		Token: instanceToken, Noun: "EC2 Instance", Prefix: "i-", ARN: "instance",
		Inputs: instanceInputs(),
		Computed: []string{"arn", "associatePublicIpAddress", "availabilityZone", "cpuCoreCount", "cpuThreadsPerCore",
			"ebsBlockDevices", "ephemeralBlockDevices", "instanceLifecycle", "instanceState", "ipv6AddressCount",
			"ipv6Addresses", "keyName", "outpostArn", "passwordData", "placementGroup", "primaryNetworkInterfaceId", "privateDns",
			"privateDnsNameOptions", "privateIp", "publicDns", "publicIp", "rootBlockDevice", "metadataOptions",
			"maintenanceOptions", "secondaryPrivateIps", "securityGroups", "spotInstanceRequestId", "tenancy", "vpcSecurityGroupIds"},
		Validate: checkInstance,
		Replaces: func(old, new Values) []string {
			var names []string
			for _, name := range []string{"userData", "userDataBase64"} {
				if new.Flag("userDataReplaceOnChange", false) && differs(old[name], new[name]) {
					names = append(names, name)
				}
			}
			return names
		},
		Create: createInstance,
		Update: updateInstance,
		Delete: func(tx *Tx, r *Record) error {
			if on, _ := r.Value("disableApiTermination").(bool); on {
				return refuse("OperationNotPermitted", "The instance '%s' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.", r.ID)
			}
			tx.delay(addressKey(r.Text("subnetId"), r.Text("privateIp")), tx.Lateness.Addresses)
			return nil
		},
		Refresh: refreshInstance,
	}
}

func createInstance(tx *Tx, r *Record) error {
	subnet := tx.Find(r.Text("subnetId"), subnetToken)
	image, err := tx.image(r.Text("ami"))
	if err != nil {
		return err
	}
	// An instance that is there needs its key pair no more.
	if name := r.Inputs.Text("keyName"); name != "" && tx.Find(name, keyPairToken) == nil {
		return refuse("InvalidKeyPair.NotFound", "The key pair '%s' does not exist", name)
	}
	if err := tx.checkLaunch(r, subnet, image); err != nil {
		return err
	}
	address, err := tx.privateAddress(r, subnet)
	if err != nil {
		return err
	}
	groups := r.Inputs.Texts("vpcSecurityGroupIds")
	if len(groups) == 0 {
		groups = []string{tx.Find(subnet.Text("vpcId"), vpcToken).Text("defaultSecurityGroupId")}
	}
	zone := "ec2.internal"
	if tx.Region != "us-east-1" {
		zone = tx.Region + ".compute.internal"
	}
	for name, v := range map[string]any{
		"associatePublicIpAddress":  r.Inputs.Flag("associatePublicIpAddress", subnet.Value("mapPublicIpOnLaunch") == true),
		"availabilityZone":          subnet.Text("availabilityZone"),
		"instanceState":             "running",
		"keyName":                   r.Inputs.Text("keyName"),
		"primaryNetworkInterfaceId": NewID("eni-"),
		"privateIp":                 address.String(),
		"privateDns":                hostname(address) + "." + zone,
		"tenancy":                   "default",
		"ipv6AddressCount":          0,
		"vpcSecurityGroupIds":       anys(groups),
		"securityGroups":            []any{},
		"secondaryPrivateIps":       []any{},
		"ipv6Addresses":             []any{},
		"ebsBlockDevices":           []any{},
		"ephemeralBlockDevices":     []any{},
	} {
		r.Outputs[name] = v
	}
	for _, name := range []string{"instanceLifecycle", "outpostArn", "passwordData", "placementGroup", "spotInstanceRequestId"} {
		r.Outputs[name] = ""
	}
	if r.Outputs["associatePublicIpAddress"] == true {
		if err := tx.ephemeral(r); err != nil {
			return err
		}
	}
	fillSize(r)
	fillBlocks(r, image)
	refreshInstance(tx, r)
	return nil
}

// updateInstance applies what AWS lets one change on an instance, with its restart where AWS needs one.
func updateInstance(tx *Tx, old Values, r *Record) error {
	subnet := tx.Find(r.Text("subnetId"), subnetToken)
	image, err := tx.image(r.Text("ami"))
	if err != nil && differs(old["ami"], r.Inputs["ami"]) {
		return err
	}
	if err := tx.checkLaunch(r, subnet, image); err != nil {
		return err
	}
	before, _ := old.Object("rootBlockDevice").Number("volumeSize")
	if after, ok := r.Inputs.Object("rootBlockDevice").Number("volumeSize"); ok && after < before {
		return refuse("InvalidParameterValue", "New size cannot be smaller than existing size")
	}
	fillSize(r)
	fillBlocks(r, image)
	if restarts(old, r.Inputs) && r.Outputs["ephemeralIp"] != nil {
		delete(r.Outputs, "ephemeralIp") // a stopped instance loses the address that is not an Elastic IP
		if err := tx.ephemeral(r); err != nil {
			return err
		}
	}
	refreshInstance(tx, r)
	return nil
}

// fillSize reports the cores of the type. Those of T2 and of Arm have one thread, the others two.
func fillSize(r *Record) {
	name, threads := r.Text("instanceType"), 2
	if strings.HasPrefix(name, "t2.") || arm.MatchString(name) {
		threads = 1
	}
	r.Outputs["cpuCoreCount"], r.Outputs["cpuThreadsPerCore"] = sizeOf(name).CPUs/threads, threads
}

// restarts says whether AWS stops and starts the instance for the change.
func restarts(old, new Values) bool {
	for _, name := range []string{"instanceType", "userData", "userDataBase64"} {
		if differs(old[name], new[name]) {
			return true
		}
	}
	return false
}

// checkLaunch refuses what only the rest of the account shows to be wrong.
func (tx *Tx) checkLaunch(r, subnet *Record, image *Image) error {
	if zone := r.Inputs.Text("availabilityZone"); zone != "" && zone != subnet.Text("availabilityZone") {
		return refuse("InvalidParameterValue", "The availability zone %s is not the one of subnet %s", zone, subnet.ID)
	}
	if err := tx.checkOffer(r.Text("instanceType"), subnet.Text("availabilityZone")); err != nil {
		return err
	}
	if err := tx.checkVCPUs(); err != nil {
		return err
	}
	groups := r.Inputs.Texts("vpcSecurityGroupIds")
	if len(groups) > 5 {
		return refuse("SecurityGroupsPerInterfaceLimitExceeded", "You have exceeded the maximum number of security groups allowed per network interface.")
	}
	for _, id := range groups {
		if group := tx.Resources[id]; group.Text("vpcId") != subnet.Text("vpcId") {
			return refuse("InvalidParameter", "Security group %s and subnet %s belong to different networks.", id, subnet.ID)
		}
	}
	if image == nil {
		return nil
	}
	if architecture := architectureOf(r.Text("instanceType")); architecture != image.Architecture {
		return refuse("InvalidParameterValue", "The architecture '%s' of the specified instance type does not match the architecture '%s' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again.",
			architecture, image.Architecture)
	}
	if size, ok := r.Inputs.Object("rootBlockDevice").Number("volumeSize"); ok && size < image.GiB {
		return refuse("InvalidBlockDeviceMapping", "Volume of size %dGB is smaller than snapshot '%s', expect size >= %dGB", size, image.Snapshot, image.GiB)
	}
	return nil
}

// refreshInstance brings the public address up to what Elastic IPs say.
func refreshInstance(tx *Tx, r *Record) {
	address := tx.publicAddress(r)
	r.Outputs["publicIp"], r.Outputs["publicDns"] = address, ""
	vpc := tx.Find(tx.vpcOf(r), vpcToken)
	if address != "" && vpc != nil && vpc.Value("enableDnsHostnames") == true {
		r.Outputs["publicDns"] = publicName(tx.Region, address)
	}
}

// hostname is the name EC2 gives the machine at an address.
func hostname(address netip.Addr) string {
	return "ip-" + strings.ReplaceAll(address.String(), ".", "-")
}

func publicName(region, address string) string {
	zone := region + ".compute"
	if region == "us-east-1" {
		zone = "compute-1"
	}
	return fmt.Sprintf("ec2-%s.%s.amazonaws.com", strings.ReplaceAll(address, ".", "-"), zone)
}

func anys(texts []string) []any {
	list := []any{}
	for _, s := range texts {
		list = append(list, s)
	}
	return list
}
