package twin

// blockDevice has the volume properties that the twin checks. A change of those marked Replace needs a new instance.
var blockDevice = map[string]Property{
	"deleteOnTermination": {Kind: Bool, Filled: true, Default: true},
	"encrypted":           {Kind: Bool, Filled: true, Replace: true},
	"iops":                {Kind: Int, Filled: true},
	"kmsKeyId":            {Filled: true, Replace: true},
	"tags":                tags,
	"throughput":          {Kind: Int, Filled: true},
	"volumeSize":          {Kind: Int, Filled: true},
	"volumeType":          {Filled: true, Enum: []string{"standard", "gp2", "gp3", "io1", "io2", "sc1", "st1"}},
}

func instanceInputs() map[string]Property {
	inputs := map[string]Property{
		"ami":                               {Required: true, Replace: true},
		"associatePublicIpAddress":          {Kind: Bool, Filled: true, Replace: true},
		"availabilityZone":                  {Filled: true, Replace: true},
		"creditSpecification":               {Kind: Object, Fields: map[string]Property{"cpuCredits": {Enum: []string{"standard", "unlimited"}}}},
		"disableApiStop":                    {Kind: Bool, Filled: true, Default: false},
		"disableApiTermination":             {Kind: Bool, Filled: true, Default: false},
		"ebsOptimized":                      {Kind: Bool, Filled: true, Replace: true, Default: false},
		"getPasswordData":                   {Kind: Bool, Default: false},
		"hibernation":                       {Kind: Bool, Replace: true},
		"iamInstanceProfile":                {Filled: true, Default: "", Refers: toProfile},
		"instanceInitiatedShutdownBehavior": {Filled: true, Default: "stop", Enum: []string{"stop", "terminate"}},
		"instanceType":                      {Required: true},
		"keyName":                           {Filled: true, Replace: true},
		"maintenanceOptions":                {Kind: Object, Filled: true, Fields: map[string]Property{"autoRecovery": {Filled: true, Enum: []string{"default", "disabled"}}}},
		"metadataOptions": {Kind: Object, Filled: true, Fields: map[string]Property{
			"httpEndpoint":            {Filled: true, Enum: []string{"enabled", "disabled"}},
			"httpProtocolIpv6":        {Filled: true, Enum: []string{"enabled", "disabled"}},
			"httpPutResponseHopLimit": {Kind: Int, Filled: true},
			"httpTokens":              {Filled: true, Enum: []string{"optional", "required"}},
			"instanceMetadataTags":    {Filled: true, Enum: []string{"enabled", "disabled"}},
		}},
		"monitoring": {Kind: Bool, Filled: true, Default: false},
		"privateDnsNameOptions": {Kind: Object, Filled: true, Fields: map[string]Property{
			"enableResourceNameDnsARecord":    {Kind: Bool, Filled: true},
			"enableResourceNameDnsAaaaRecord": {Kind: Bool, Filled: true},
			"hostnameType":                    {Filled: true, Replace: true, Enum: []string{"ip-name", "resource-name"}},
		}},
		"privateIp":               {Filled: true, Replace: true},
		"rootBlockDevice":         {Kind: Object, Filled: true, Fields: blockDevice},
		"sourceDestCheck":         {Kind: Bool, Default: true},
		"subnetId":                {Required: true, Replace: true, Refers: toSubnet(Block)},
		"tags":                    tags,
		"tenancy":                 {Filled: true, Replace: true, Enum: []string{"default", "dedicated", "host"}},
		"userData":                {Hashed: true},
		"userDataBase64":          {Hashed: true},
		"userDataReplaceOnChange": {Kind: Bool, Default: false},
		"volumeTags":              tags,
		"vpcSecurityGroupIds":     {Kind: StringSet, Filled: true, Refers: toGroup(Block)},
	}
	for _, name := range []string{"capacityReservationSpecification", "cpuCoreCount", "cpuOptions", "cpuThreadsPerCore",
		"ebsBlockDevices", "enablePrimaryIpv6", "enclaveOptions", "ephemeralBlockDevices", "hostId", "hostResourceGroupArn",
		"instanceMarketOptions", "ipv6AddressCount", "ipv6Addresses", "launchTemplate", "networkInterfaces",
		"placementGroup", "placementPartitionNumber", "secondaryPrivateIps", "securityGroups"} {
		inputs[name] = Property{Absent: true}
	}
	return inputs
}
