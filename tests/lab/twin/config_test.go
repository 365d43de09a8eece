package twin_test

import (
	"context"
	"encoding/json"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/twin"
)

func TestConfiguration(t *testing.T) {
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	c := newCloud(t, t.TempDir(), nil)
	for _, test := range []struct {
		name   string
		config in
		want   string
	}{
		{"the region is required", in{}, "missing required configuration key \"aws:region\": The region where AWS operations will take place. Set a value using the command `pulumi config set aws:region <value>`."},
		{"the region is one", in{"region": "frankfurt"}, "invalid AWS Region: frankfurt"},
		{"unknown settings are refused", in{"region": "us-east-1", "regoin": "x"}, "unknown property"},
		{"a good one passes", in{"region": "us-east-1", "skipCredentialsValidation": "true"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			response, err := c.client.CheckConfig(context.Background(), &pulumirpc.CheckRequest{News: c.wire(test.config)})
			require.NoError(t, err)
			reason := ""
			for _, f := range response.Failures {
				reason = f.Reason
			}
			assert.Equal(t, test.want, reason)
		})
	}
	t.Run("another region replaces the provider", func(t *testing.T) {
		response, err := c.client.DiffConfig(context.Background(), &pulumirpc.DiffRequest{Olds: c.wire(in{"region": "us-east-1"}), News: c.wire(in{"region": "us-east-2"})})
		require.NoError(t, err)
		assert.Equal(t, []string{"region"}, response.Replaces)
	})
}

func TestEnvironment(t *testing.T) {
	for _, test := range []struct{ name, state, mode, image, want string }{
		{"the state is required", "", "model", "", "TWIN_STATE <unset>: required, the directory that holds the state of the digital twin of EC2"},
		{"a mode is known", "/x", "real", "", `TWIN_MODE "real": must be model or machine`},
		{"machines have an image", "/x", "machine", "", "TWIN_IMAGE <unset>: required with TWIN_MODE machine, the Docker image that stands for the AMI"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("TWIN_STATE", test.state)
			t.Setenv("TWIN_MODE", test.mode)
			t.Setenv("TWIN_IMAGE", test.image)
			_, err := twin.FromEnvironment()
			assert.EqualError(t, err, test.want)
		})
	}
}

func TestSchema(t *testing.T) {
	c := newCloud(t, t.TempDir(), nil)
	response, err := c.client.GetSchema(context.Background(), &pulumirpc.GetSchemaRequest{})
	require.NoError(t, err)
	var schema struct {
		Name      string
		Resources map[string]struct {
			RequiredInputs []string
			Properties     map[string]any
		}
	}
	require.NoError(t, json.Unmarshal([]byte(response.Schema), &schema))
	assert.Equal(t, "aws", schema.Name)
	assert.Len(t, schema.Resources, 21)
	assert.Equal(t, []string{"ipProtocol", "securityGroupId"}, schema.Resources[ingressToken].RequiredInputs)
	assert.Contains(t, schema.Resources[instanceToken].Properties, "publicIp")
}
