package infra

import (
	"encoding/json"
	"fmt"
	"path"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Reference: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
type (
	policyDocument struct {
		Version   string
		Statement []statement
	}
	statement struct {
		Effect    string
		Action    []string
		Principal map[string]string            `json:",omitempty"`
		Resource  string                       `json:",omitempty"`
		Condition map[string]map[string]string `json:",omitempty"`
	}
)

const policyVersion = "2012-10-17"

// access gives the control plane a role that may read and write its backups and nothing else; nil without a bucket. Pods
// do not get it: the metadata service is one hop away from the node, and two from them.
func (b *builder) access() (pulumi.StringPtrInput, error) {
	if b.args.Backup.Name == "" {
		return nil, nil
	}
	name := b.name + "-backup"
	trust, err := document(statement{
		Effect: "Allow", Action: []string{"sts:AssumeRole"}, Principal: map[string]string{"Service": b.args.Backup.service()},
	})
	if err != nil {
		return nil, err
	}
	grants, err := document(b.args.Backup.statements()...)
	if err != nil {
		return nil, err
	}
	role, err := iam.NewRole(b.ctx, name, &iam.RoleArgs{
		Description:      pulumi.String("Lets the control plane keep backups of the cluster"),
		AssumeRolePolicy: pulumi.String(trust), Tags: b.tags(name),
	}, b.parent)
	if err != nil {
		return nil, err
	}
	if _, err := iam.NewRolePolicy(b.ctx, name, &iam.RolePolicyArgs{Role: role.Name, Policy: pulumi.String(grants)}, b.parent); err != nil {
		return nil, err
	}
	profile, err := iam.NewInstanceProfile(b.ctx, b.name+"-control-plane", &iam.InstanceProfileArgs{Role: role.Name, Tags: b.tags(name)}, b.parent)
	if err != nil {
		return nil, err
	}
	return profile.Name.ToStringPtrOutput(), nil
}

// statements are what reading, writing and pruning backups takes, below the prefix alone. Whether the bucket is there, which
// restic 0.14 asks before it makes a repository, is a list without a prefix to AWS: with it come the names of all objects.
func (u Bucket) statements() []statement {
	bucket := "arn:" + u.Partition + ":s3:::" + u.Name
	list := statement{Effect: "Allow", Action: []string{"s3:ListBucket"}, Resource: bucket}
	lists := []statement{list}
	if u.Prefix != "" {
		below, there := list, list
		below.Condition = map[string]map[string]string{"StringLike": {"s3:prefix": path.Join(u.Prefix, "*")}}
		there.Condition = map[string]map[string]string{"Null": {"s3:prefix": "true"}}
		lists = []statement{below, there}
	}
	return append(lists,
		statement{Effect: "Allow", Action: []string{"s3:GetBucketLocation"}, Resource: bucket},
		statement{Effect: "Allow", Action: []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject"}, Resource: path.Join(bucket, u.Prefix, "*")},
	)
}

// service is EC2's name as one that takes roles; China has a suffix of its own.
func (u Bucket) service() string {
	if u.Partition == "aws-cn" {
		return "ec2.amazonaws.com.cn"
	}
	return "ec2.amazonaws.com"
}

func document(statements ...statement) (string, error) {
	text, err := json.Marshal(policyDocument{policyVersion, statements})
	if err != nil {
		return "", fmt.Errorf("policy document: %w", err)
	}
	return string(text), nil
}
