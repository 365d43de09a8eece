package tests

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"ecommerce-platform/infra"
	"ecommerce-platform/tests/pulumitest"
)

func TestInfraAccessToBackups(t *testing.T) {
	const role, policy, profile = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy", "aws:iam/instanceProfile:InstanceProfile"
	none := pulumitest.Run(t, infraProgram(infraArgs()))
	for _, kind := range []string{role, policy, profile} {
		assert.Empty(t, none.All(kind), "a platform without a bucket needs no role")
	}

	args := infraArgs()
	args.Backup = infra.Bucket{Name: "shop-backups", Prefix: "prod", Partition: "aws"}
	rec := pulumitest.Run(t, infraProgram(args))
	assert.JSONEq(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sts:AssumeRole"],"Principal":{"Service":"ec2.amazonaws.com"}}]}`,
		rec.All(role)[0].InputString("assumeRolePolicy"))
	assert.JSONEq(t, `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["s3:ListBucket"],"Resource":"arn:aws:s3:::shop-backups","Condition":{"StringLike":{"s3:prefix":"prod/*"}}},
		{"Effect":"Allow","Action":["s3:ListBucket"],"Resource":"arn:aws:s3:::shop-backups","Condition":{"Null":{"s3:prefix":"true"}}},
		{"Effect":"Allow","Action":["s3:GetBucketLocation"],"Resource":"arn:aws:s3:::shop-backups"},
		{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:DeleteObject"],"Resource":"arn:aws:s3:::shop-backups/prod/*"}
	]}`, rec.All(policy)[0].InputString("policy"))
	for _, instance := range rec.All("aws:ec2/instance:Instance") {
		assert.Equal(t, instance.Name == "control-plane", instance.Has("iamInstanceProfile"), instance.Name)
	}

	args.Backup.Prefix = ""
	whole := pulumitest.Run(t, infraProgram(args)).All(policy)[0].InputString("policy")
	assert.NotContains(t, whole, "Condition")
	assert.Contains(t, whole, `"arn:aws:s3:::shop-backups/*"`)

	args.Backup.Partition = "aws-cn"
	china := pulumitest.Run(t, infraProgram(args))
	assert.Contains(t, china.All(policy)[0].InputString("policy"), `"arn:aws-cn:s3:::shop-backups/*"`)
	assert.Contains(t, china.All(role)[0].InputString("assumeRolePolicy"), `"ec2.amazonaws.com.cn"`)
}
