package twin

import (
	"encoding/json"
	"regexp"
)

// What the twin knows of IAM: enough to give an instance a role that may do something. Whether the role may is AWS's to tell.

var iamName = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)

var toRole = &Reference{[]string{roleToken}, "NoSuchEntity", "The role with name %s cannot be found.", Block}

// toProfile does not keep the profile: IAM deletes one that an instance still has.
var toProfile = &Reference{
	[]string{instanceProfileToken}, "InvalidParameterValue",
	"Value (%s) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name", Keep,
}

func roleType() *Type {
	return &Type{
		Token: roleToken, Noun: "IAM Role", Global: true, AutoName: "name",
		Inputs: map[string]Property{
			"assumeRolePolicy":    {Required: true},
			"description":         {},
			"forceDetachPolicies": {Kind: Bool, Default: false},
			"inlinePolicies":      {Absent: true},
			"managedPolicyArns":   {Absent: true},
			"maxSessionDuration":  {Kind: Int, Default: float64(3600)},
			"name":                {Replace: true, Filled: true},
			"namePrefix":          {Absent: true},
			"path":                {Replace: true, Default: "/"},
			"permissionsBoundary": {},
			"tags":                tags,
		},
		Computed: []string{"arn", "createDate", "namePrefix", "uniqueId"},
		ID:       func(in Values) string { return in.Text("name") },
		Taken:    &Refusal{Code: "EntityAlreadyExists", Message: "Role with that name already exists."},
		Validate: func(in Values) []Failure {
			return append(checkIAM(in, "assumeRolePolicy"), checkTags("tags", in)...)
		},
		Create: func(tx *Tx, r *Record) error {
			r.Outputs["arn"] = "arn:aws:iam::" + tx.Account + ":role/" + r.ID
			r.Outputs["uniqueId"], r.Outputs["namePrefix"], r.Outputs["createDate"] = NewID("AROA"), "", "2026-01-01T00:00:00Z"
			return nil
		},
	}
}

func rolePolicyType() *Type {
	return &Type{
		Token: rolePolicyToken, Noun: "IAM Role Policy", Global: true, AutoName: "name",
		Inputs: map[string]Property{
			"name":       {Replace: true, Filled: true},
			"namePrefix": {Absent: true},
			"policy":     {Required: true},
			"role":       {Required: true, Replace: true, Refers: toRole},
		},
		Computed: []string{"namePrefix"},
		ID:       func(in Values) string { return in.Text("role") + ":" + in.Text("name") },
		Taken:    &Refusal{Code: "EntityAlreadyExists", Message: "Role policy with that name already exists."},
		Validate: func(in Values) []Failure { return checkIAM(in, "policy") },
		Create: func(_ *Tx, r *Record) error {
			r.Outputs["namePrefix"] = ""
			return nil
		},
	}
}

func instanceProfileType() *Type {
	return &Type{
		Token: instanceProfileToken, Noun: "IAM Instance Profile", Global: true, AutoName: "name",
		Inputs: map[string]Property{
			"name":       {Replace: true, Filled: true},
			"namePrefix": {Absent: true},
			"path":       {Replace: true, Default: "/"},
			"role":       {Refers: toRole},
			"tags":       tags,
		},
		Computed: []string{"arn", "createDate", "namePrefix", "uniqueId"},
		ID:       func(in Values) string { return in.Text("name") },
		Taken:    &Refusal{Code: "EntityAlreadyExists", Message: "Instance Profile with that name already exists."},
		Validate: func(in Values) []Failure { return append(checkIAM(in, ""), checkTags("tags", in)...) },
		Create: func(tx *Tx, r *Record) error {
			r.Outputs["arn"] = "arn:aws:iam::" + tx.Account + ":instance-profile/" + r.ID
			r.Outputs["uniqueId"], r.Outputs["namePrefix"], r.Outputs["createDate"] = NewID("AIPA"), "", "2026-01-01T00:00:00Z"
			return nil
		},
	}
}

// checkIAM checks a name, and a document that is a policy.
func checkIAM(in Values, document string) []Failure {
	var failures []Failure
	if name := in.Text("name"); name != "" && !iamName.MatchString(name) {
		failures = append(failures, fail("name", "expected up to 64 letters, digits and +=,.@-_, got %q", name)...)
	}
	if document == "" || !in.Known(document) {
		return failures
	}
	var policy struct {
		Version   string
		Statement []struct {
			Effect         string
			Action         any
			Resource       any
			Principal, SID any
		}
	}
	if err := json.Unmarshal([]byte(in.Text(document)), &policy); err != nil {
		return append(failures, fail(document, "contains an invalid JSON policy: %v", err)...)
	}
	for _, statement := range policy.Statement {
		if (statement.Effect != "Allow" && statement.Effect != "Deny") || statement.Action == nil {
			return append(failures, fail(document, "MalformedPolicyDocument: Syntax errors in policy.")...)
		}
	}
	if len(policy.Statement) == 0 || policy.Version != "2012-10-17" {
		failures = append(failures, fail(document, "MalformedPolicyDocument: Syntax errors in policy.")...)
	}
	return failures
}
