package preview

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
	"github.com/stretchr/testify/assert"

	"ecommerce-platform/tests/lab/engine"
)

const prefix = "urn:pulumi:dev::ecommerce-platform::"

func TestPlanOf(t *testing.T) {
	steps := []engine.Step{
		{Op: "create", URN: prefix + "pulumi:providers:aws::default"},
		{Op: "create", URN: prefix + "aws:ec2/keyPair:KeyPair::login", Inputs: map[string]any{
			"keyName": "login-a7a231e", "__defaults": []any{"keyName"}, "publicKey": "ssh-ed25519 x-a7a231e",
		}},
		{Op: "create", URN: prefix + "aws:ec2/instance:Instance::node", Inputs: map[string]any{
			"keyName": "login-a7a231e", "subnetId": sig.UnknownStringValue, "size": 20.0, "check": false,
			"userData": map[string]any{sig.Key: sig.Secret, "ciphertext": "[secret]"},
			"groups":   []any{"a", map[string]any{"b": nil, "c": "d"}},
		}},
		{Op: "delete", URN: prefix + "aws:ec2/eip:Eip::old"},
	}
	assert.Equal(t, Plan{
		"aws:ec2/keyPair:KeyPair login": {"keyName": generated, "publicKey": `"ssh-ed25519 x-a7a231e"`},
		"aws:ec2/instance:Instance node": {
			"keyName": generated, "subnetId": unknown, "size": "20", "check": "false", "userData": secret,
			"groups[0]": `"a"`, "groups[1].c": `"d"`,
		},
	}, planOf(steps))
}
