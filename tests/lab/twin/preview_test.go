package twin_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPreview(t *testing.T) {
	unknown := resource.MakeComputed(resource.NewProperty(""))
	secret := resource.MakeSecret(resource.NewProperty("#cloud-config\n"))
	c := newCloud(t, t.TempDir(), nil)
	inputs, err := c.check(instanceToken, "node", nil, in{"ami": unknown, "instanceType": "t3.medium", "subnetId": unknown,
		"vpcSecurityGroupIds": []any{resource.MakeComputed(resource.NewProperty(""))}, "privateIp": "172.31.15.119", "userData": secret})
	require.NoError(t, err)
	response, err := c.client.Create(context.Background(), &pulumirpc.CreateRequest{Urn: urn(instanceToken, "node"), Properties: inputs, Preview: true})
	require.NoError(t, err)
	assert.Empty(t, response.Id)
	outputs := c.properties(response.Properties)

	t.Run("what is asked for is known, what EC2 makes up is not", func(t *testing.T) {
		assert.Equal(t, "172.31.15.119", outputs["privateIp"].StringValue())
		assert.True(t, outputs["sourceDestCheck"].BoolValue(), "EC2's default")
		for _, name := range []string{"subnetId", "publicIp", "arn", "primaryNetworkInterfaceId", "rootBlockDevice"} {
			assert.True(t, outputs[resource.PropertyKey(name)].IsComputed(), name)
		}
		assert.Equal(t, "shop", outputs["tagsAll"].ObjectValue()["owner"].StringValue())
	})
	t.Run("a secret is one in the outputs", func(t *testing.T) {
		assert.True(t, outputs["userData"].IsSecret())
	})
	t.Run("nothing is made", func(t *testing.T) {
		data, err := os.ReadFile(filepath.Join(c.dir, "ec2.json"))
		if err == nil {
			assert.NotContains(t, string(data), "instance")
		}
	})
	t.Run("an update keeps what it does not change", func(t *testing.T) {
		s := newSite(t, nil)
		node := s.create(instanceToken, "node", s.node(nil))
		news, err := s.check(instanceToken, "node", node.inputs, s.node(in{"instanceType": "t3.large"}))
		require.NoError(t, err)
		response, err := s.client.Update(context.Background(), &pulumirpc.UpdateRequest{Id: node.id, Urn: node.urn, Olds: node.outputs,
			OldInputs: node.inputs, News: news, Preview: true})
		require.NoError(t, err)
		planned := s.properties(response.Properties)
		assert.Equal(t, "t3.large", planned["instanceType"].StringValue())
		assert.Equal(t, s.output(node, "arn"), planned["arn"].StringValue())
		assert.Equal(t, "t3.medium", s.properties(s.read(node).Properties)["instanceType"].StringValue(), "a preview changes nothing")
	})
}

func TestSecrets(t *testing.T) {
	const hidden = "#cloud-config\n# hunter2hunter2\n"
	s := newSite(t, nil)
	node := s.create(instanceToken, "node", s.node(in{"userData": resource.MakeSecret(resource.NewProperty(hidden))}))
	t.Run("outputs have a hash of the user data, and that as a secret", func(t *testing.T) {
		v := s.properties(node.outputs)["userData"]
		require.True(t, v.IsSecret())
		assert.Equal(t, "ac716f80b2ccb9c21fe57d6ad188566d4806b06d", v.SecretValue().Element.StringValue())
	})
	t.Run("a refresh keeps the input and its secrecy", func(t *testing.T) {
		read := s.read(node)
		v := s.properties(read.Inputs)["userData"]
		require.True(t, v.IsSecret())
		assert.Equal(t, hidden, v.SecretValue().Element.StringValue())
		assert.True(t, s.properties(read.Properties)["userData"].IsSecret())
	})
	t.Run("the state does not hold it", func(t *testing.T) {
		data, err := os.ReadFile(filepath.Join(s.dir, "ec2.json"))
		require.NoError(t, err)
		assert.NotContains(t, string(data), "hunter2")
		info, err := os.Stat(filepath.Join(s.dir, "ec2.json"))
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	})
}
