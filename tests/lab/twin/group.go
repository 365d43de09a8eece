package twin

import "regexp"

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
var groupText = regexp.MustCompile(`^[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]*$`)

// inlineRule is an entry of a group's ingress or egress list.
var inlineRule = Property{Kind: ObjectList, Filled: true, Fields: map[string]Property{
	"protocol":       {Required: true},
	"fromPort":       {Kind: Int, Required: true},
	"toPort":         {Kind: Int, Required: true},
	"cidrBlocks":     {Kind: StringList},
	"ipv6CidrBlocks": {Kind: StringList},
	"prefixListIds":  {Kind: StringList, Absent: true},
	"securityGroups": {Kind: StringSet},
	"self":           {Kind: Bool},
	"description":    {},
}}

func securityGroupType() *Type {
	return &Type{
		Token: securityGroupToken, Noun: "EC2 Security Group", Prefix: "sg-", ARN: "security-group", AutoName: "name",
		Inputs: map[string]Property{
			"vpcId":               {Replace: true, Filled: true, Refers: toVpc(Block)},
			"name":                {Replace: true, Filled: true},
			"namePrefix":          {Absent: true},
			"description":         {Replace: true, Default: "Managed by Pulumi"},
			"revokeRulesOnDelete": {Kind: Bool, Default: false},
			"ingress":             inlineRule,
			"egress":              inlineRule,
			"tags":                tags,
		},
		Computed: []string{"arn", "ownerId", "namePrefix", "ingress", "egress", "vpcId"},
		Validate: func(in Values) []Failure {
			failures := checkTags("tags", in)
			if _, ok := in["vpcId"]; !ok {
				failures = append(failures, fail("vpcId", "VPCIdNotSpecified: No default VPC for this user")...)
			}
			for _, name := range []string{"name", "description"} {
				if text := in.Text(name); !groupText.MatchString(text) || len(text) > 255 {
					failures = append(failures, fail(name, "InvalidParameterValue: Value (%s) for parameter %s is invalid. Character sets beyond ASCII are not supported; up to 255 characters of a-z, A-Z, 0-9, spaces and ._-:/()#,@[]+=&;{}!$*", text, name)...)
				}
			}
			if in.Text("name") == "default" {
				failures = append(failures, fail("name", "InvalidParameterValue: Cannot use reserved security group name: default")...)
			}
			if len(in.Text("name")) >= 3 && in.Text("name")[:3] == "sg-" {
				failures = append(failures, fail("name", "invalid value for name (cannot begin with sg-)")...)
			}
			return append(failures, checkInline(in)...)
		},
		Create: func(tx *Tx, r *Record) error {
			// The provider revokes the rule "allow all egress" that EC2 gives a new group.
			r.Outputs["ingress"], r.Outputs["egress"], r.Outputs["namePrefix"] = []any{}, []any{}, ""
			if tx.uniqueName(r, "name", func(o *Record) bool { return o.Text("vpcId") == r.Text("vpcId") }) != nil {
				return refuse("InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s'", r.Text("name"), r.Text("vpcId"))
			}
			tx.delay(r.ID, tx.Lateness.Groups)
			return tx.groupsOfRules(r)
		},
		Update: func(tx *Tx, _ Values, r *Record) error { return tx.groupsOfRules(r) },
	}
}

func defaultGroupType() *Type {
	return &Type{
		Token: defaultGroupToken, Noun: "EC2 Default Security Group", Prefix: "sg-", ARN: "security-group",
		Inputs: map[string]Property{
			"vpcId":               {Required: true, Replace: true, Refers: toVpc(Block)},
			"revokeRulesOnDelete": {Kind: Bool, Default: false},
			"ingress":             inlineRule,
			"egress":              inlineRule,
			"tags":                tags,
		},
		Computed: []string{"arn", "ownerId", "name", "namePrefix", "description", "ingress", "egress"},
		Validate: func(in Values) []Failure { return append(checkTags("tags", in), checkInline(in)...) },
		Adopts: func(tx *Tx, in Values) *Record {
			for _, r := range tx.All(defaultGroupToken) {
				if r.Text("vpcId") == in.Text("vpcId") {
					return r
				}
			}
			return nil
		},
		Create: func(tx *Tx, r *Record) error {
			r.Outputs["name"], r.Outputs["namePrefix"], r.Outputs["description"] = "default", "", "default VPC security group"
			r.Outputs["ingress"], r.Outputs["egress"] = []any{}, []any{}
			return tx.groupsOfRules(r)
		},
		Update: func(tx *Tx, _ Values, r *Record) error { return tx.groupsOfRules(r) },
	}
}

func checkInline(in Values) []Failure {
	var failures []Failure
	for _, side := range []string{"ingress", "egress"} {
		for _, rule := range in.Objects(side) {
			ports := Values{"ipProtocol": rule["protocol"], "fromPort": rule["fromPort"], "toPort": rule["toPort"]}
			if p := rule.Text("protocol"); p == "-1" || p == "all" {
				delete(ports, "fromPort")
				delete(ports, "toPort")
			}
			for _, f := range checkPorts(ports) {
				failures = append(failures, Failure{side, f.Reason})
			}
			for _, block := range rule.Texts("cidrBlocks") {
				failures = append(failures, checkCIDR(Values{side: block}, side, true)...)
			}
			for _, block := range rule.Texts("ipv6CidrBlocks") {
				failures = append(failures, checkCIDR(Values{side: block}, side, false)...)
			}
		}
	}
	return failures
}

// groupsOfRules checks that the groups which inline rules name exist.
func (tx *Tx) groupsOfRules(r *Record) error {
	for _, side := range []string{"ingress", "egress"} {
		for _, rule := range r.Inputs.Objects(side) {
			for _, id := range rule.Texts("securityGroups") {
				if tx.Find(id, securityGroupToken, defaultGroupToken) == nil {
					return refuse("InvalidGroup.NotFound", "The security group '%s' does not exist", id)
				}
			}
		}
	}
	return nil
}
