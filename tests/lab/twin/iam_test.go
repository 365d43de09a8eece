package twin_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	roleToken    = "aws:iam/role:Role"
	policyToken  = "aws:iam/rolePolicy:RolePolicy"
	profileToken = "aws:iam/instanceProfile:InstanceProfile"

	trust  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}]}`
	grants = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject"],"Resource":"arn:aws:s3:::b/*"}]}`
)

func TestInstanceProfile(t *testing.T) {
	s := newSite(t, nil)
	role := s.create(roleToken, "backup", in{"assumeRolePolicy": trust})
	s.create(policyToken, "backup", in{"role": role.id, "policy": grants})
	profile := s.create(profileToken, "control-plane", in{"role": role.id})
	assert.Regexp(t, "^backup-[0-9a-f]{7}$", role.id, "the name is the identifier")
	node := s.create(instanceToken, "node", s.node(in{"iamInstanceProfile": profile.id}))
	require.NotEmpty(t, node.id)

	t.Run("a role that a profile has stays", func(t *testing.T) {
		require.ErrorContains(t, s.delete(role), "deleting IAM Role: DeleteConflict: Cannot delete entity, must remove roles from instance profile first.")
	})
	t.Run("a name is taken once", func(t *testing.T) {
		_, err := s.try(roleToken, "again", in{"assumeRolePolicy": trust, "name": role.id})
		require.ErrorContains(t, err, "EntityAlreadyExists: Role with that name already exists.")
	})
	t.Run("a policy has statements", func(t *testing.T) {
		for _, policy := range []string{`{"Version":"2012-10-17","Statement":[]}`, `{"Version":"2012-10-17","Statement":[{"Effect":"Maybe","Action":"s3:*"}]}`} {
			_, err := s.try(policyToken, "other", in{"role": role.id, "policy": policy})
			require.ErrorContains(t, err, "policy: MalformedPolicyDocument: Syntax errors in policy.")
		}
		_, err := s.try(policyToken, "other", in{"role": role.id, "policy": "{"})
		require.ErrorContains(t, err, "policy: contains an invalid JSON policy")
	})
	t.Run("a profile that nobody made is refused", func(t *testing.T) {
		_, err := s.try(instanceToken, "other", s.node(in{"privateIp": "172.31.2.240", "iamInstanceProfile": "nobody"}))
		require.ErrorContains(t, err, "InvalidParameterValue: Value (nobody) for parameter iamInstanceProfile.name is invalid")
	})
}
