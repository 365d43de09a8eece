package twin

import "net/netip"

func vpcType() *Type {
	return &Type{
		Token: vpcToken, Noun: "EC2 VPC", Prefix: "vpc-", ARN: "vpc",
		Inputs: map[string]Property{
			"cidrBlock":                        {Replace: true},
			"enableDnsHostnames":               {Kind: Bool, Default: false},
			"enableDnsSupport":                 {Kind: Bool, Default: true},
			"enableNetworkAddressUsageMetrics": {Kind: Bool, Default: false},
			"instanceTenancy":                  {Default: "default", Enum: []string{"default", "dedicated"}},
			"assignGeneratedIpv6CidrBlock":     {Kind: Bool, Absent: true},
			"ipv4IpamPoolId":                   {Absent: true},
			"ipv4NetmaskLength":                {Kind: Int, Absent: true},
			"ipv6CidrBlock":                    {Absent: true},
			"ipv6CidrBlockNetworkBorderGroup":  {Absent: true},
			"ipv6IpamPoolId":                   {Absent: true},
			"ipv6NetmaskLength":                {Kind: Int, Absent: true},
			"tags":                             tags,
		},
		Computed: []string{"arn", "defaultNetworkAclId", "defaultRouteTableId", "defaultSecurityGroupId",
			"dhcpOptionsId", "mainRouteTableId", "ownerId"},
		Validate: func(in Values) []Failure {
			if _, ok := in["cidrBlock"]; !ok {
				return fail("cidrBlock", "one of `cidrBlock,ipv4IpamPoolId` must be specified")
			}
			return append(checkBlock(in, "cidrBlock", "InvalidVpc.Range"), checkTags("tags", in)...)
		},
		Create: func(tx *Tx, r *Record) error {
			if err := tx.checkCount(vpcToken, tx.Quotas.VPCs, "VpcLimitExceeded", "The maximum number of VPCs has been reached."); err != nil {
				return err
			}
			group := tx.Implicit(defaultGroupToken, Values{"vpcId": r.ID,
				"ingress": []any{map[string]any{"protocol": "-1", "fromPort": 0.0, "toPort": 0.0, "self": true}},
				"egress":  []any{map[string]any{"protocol": "-1", "fromPort": 0.0, "toPort": 0.0, "cidrBlocks": []any{"0.0.0.0/0"}}},
			}, Values{"name": "default", "description": "default VPC security group"})
			table := tx.Implicit(routeTableToken, Values{"vpcId": r.ID}, Values{})
			r.Outputs["defaultSecurityGroupId"] = group.ID
			r.Outputs["defaultRouteTableId"] = table.ID
			r.Outputs["mainRouteTableId"] = table.ID
			r.Outputs["defaultNetworkAclId"] = NewID("acl-")
			r.Outputs["dhcpOptionsId"] = NewID("dopt-")
			return nil
		},
	}
}

func subnetType() *Type {
	return &Type{
		Token: subnetToken, Noun: "EC2 Subnet", Prefix: "subnet-", ARN: "subnet",
		Inputs: map[string]Property{
			"vpcId":                                   {Required: true, Replace: true, Refers: toVpc(Block)},
			"cidrBlock":                               {Replace: true},
			"availabilityZone":                        {Replace: true, Filled: true},
			"availabilityZoneId":                      {Replace: true, Filled: true},
			"mapPublicIpOnLaunch":                     {Kind: Bool, Default: false},
			"enableResourceNameDnsARecordOnLaunch":    {Kind: Bool, Default: false},
			"enableResourceNameDnsAaaaRecordOnLaunch": {Kind: Bool, Absent: true},
			"privateDnsHostnameTypeOnLaunch":          {Filled: true, Default: "ip-name", Enum: []string{"ip-name", "resource-name"}},
			"assignIpv6AddressOnCreation":             {Kind: Bool, Absent: true},
			"customerOwnedIpv4Pool":                   {Absent: true},
			"enableDns64":                             {Kind: Bool, Absent: true},
			"enableLniAtDeviceIndex":                  {Kind: Int, Absent: true},
			"ipv6CidrBlock":                           {Absent: true},
			"ipv6Native":                              {Kind: Bool, Absent: true},
			"mapCustomerOwnedIpOnLaunch":              {Kind: Bool, Absent: true},
			"outpostArn":                              {Absent: true},
			"tags":                                    tags,
		},
		Computed: []string{"arn", "ownerId", "availabilityZone", "availabilityZoneId", "ipv6CidrBlockAssociationId"},
		Validate: func(in Values) []Failure {
			var failures []Failure
			if _, ok := in["cidrBlock"]; !ok {
				failures = fail("cidrBlock", "MissingParameter: The request must contain the parameter CidrBlock")
			}
			_, zone := in["availabilityZone"]
			if _, id := in["availabilityZoneId"]; zone && id {
				failures = append(failures, fail("availabilityZone", "conflicts with availabilityZoneId")...)
			}
			failures = append(failures, checkBlock(in, "cidrBlock", "InvalidSubnet.Range")...)
			return append(failures, checkTags("tags", in)...)
		},
		Create: createSubnet,
	}
}

func createSubnet(tx *Tx, r *Record) error {
	block := netip.MustParsePrefix(r.Text("cidrBlock"))
	vpc := tx.Find(r.Text("vpcId"), vpcToken)
	whole := netip.MustParsePrefix(vpc.Text("cidrBlock"))
	if !whole.Contains(block.Addr()) || block.Bits() < whole.Bits() {
		return refuse("InvalidSubnet.Range", "The CIDR '%s' is invalid.", block)
	}
	for _, other := range tx.All(subnetToken) {
		if other != r && other.Text("vpcId") == vpc.ID && block.Overlaps(netip.MustParsePrefix(other.Text("cidrBlock"))) {
			return refuse("InvalidSubnet.Conflict", "The CIDR '%s' conflicts with another subnet", block)
		}
	}
	zone, err := tx.zone(r.Inputs.Text("availabilityZone"), r.Inputs.Text("availabilityZoneId"))
	if err != nil {
		return err
	}
	r.Outputs["availabilityZone"], r.Outputs["availabilityZoneId"] = zone.Name, zone.ID
	r.Outputs["ipv6CidrBlockAssociationId"] = ""
	return nil
}

// checkBlock wants an IPv4 block of /16 to /28 without host bits.
func checkBlock(in Values, name, code string) []Failure {
	if !in.Known(name) {
		return nil
	}
	text := in.Text(name)
	block, err := netip.ParsePrefix(text)
	switch {
	case err != nil || !block.Addr().Is4():
		return fail(name, "%q is not a valid IPv4 CIDR block", text)
	case block != block.Masked():
		return fail(name, "%q is not a valid IPv4 CIDR block; did you mean %q?", text, block.Masked())
	case block.Bits() < 16 || block.Bits() > 28:
		return fail(name, "%s: The CIDR '%s' is invalid: its size must be from /16 to /28", code, text)
	}
	return nil
}
