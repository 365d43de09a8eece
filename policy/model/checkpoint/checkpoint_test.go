package checkpoint_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/checkpoint"
)

const exported = `{"version": 3, "deployment": {"manifest": {"time": "2026-11-25T00:00:00Z", "magic": "", "version": ""}, "resources": [
  {"urn": "urn:pulumi:dev::shop::aws:ec2/instance:Instance::worker-node-1", "custom": true, "id": "i-1", "type": "aws:ec2/instance:Instance",
   "inputs": {"instanceType": "t3.medium", "privateIp": "172.31.2.239", "tags": {"Role": "worker"}, "userData": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x"}},
   "outputs": {"arn": "arn:aws:ec2:i-1", "instanceType": "t3.medium", "privateIp": "172.31.2.239"},
   "protect": true, "propertyDependencies": {"subnetId": ["urn:pulumi:dev::shop::aws:ec2/subnet:Subnet::one"]}},
  {"urn": "urn:pulumi:dev::shop::aws:ec2/instance:Instance::worker-node-2", "custom": true, "delete": true, "type": "aws:ec2/instance:Instance"},
  {"urn": "urn:pulumi:dev::shop::kubernetes:apps/v1:Deployment::shop-backend", "custom": true, "type": "kubernetes:apps/v1:Deployment",
   "inputs": {"metadata": {"name": "backend"}, "spec": {"replicas": 3}},
   "outputs": {"metadata": {"name": "backend", "uid": "u"}, "spec": {"replicas": 5}, "status": {"replicas": 5}}}
]}}`

func TestAnExportedStackReadsLikeADeclaredOne(t *testing.T) {
	resources, err := checkpoint.Read([]byte(exported))
	require.NoError(t, err)
	require.Len(t, resources, 2, "one waits for its deletion")
	stack := model.Read(resources)
	node := stack.Node("worker-node-1")
	require.NotNil(t, node)
	assert.Equal(t, model.Worker, node.Role)
	assert.Equal(t, "172.31.2.239", node.PrivateIP)
	assert.True(t, node.Instance.Unknown("userData"), "it is encrypted")
	assert.True(t, node.Instance.Secret("userData"))
	assert.True(t, node.Instance.Options.Protect)
	arn, known := node.Instance.Text("arn")
	assert.True(t, known)
	assert.Equal(t, "arn:aws:ec2:i-1", arn)
	assert.Equal(t, []string{"urn:pulumi:dev::shop::aws:ec2/subnet:Subnet::one"}, node.Instance.References("subnetId"))
	require.Len(t, stack.Deployments, 1)
	assert.Equal(t, int32(3), *stack.Deployments[0].Value.Spec.Replicas, "the program's word counts")
}

func TestWhatIsNoExportSaysSo(t *testing.T) {
	for body, says := range map[string]string{
		`{"version": 3}`:                   "`pulumi stack export`",
		`{"version": 9, "deployment": {}}`: "version 9",
		`no JSON`:                          "invalid character",
	} {
		_, err := checkpoint.Read([]byte(body))
		require.ErrorContains(t, err, says)
	}
}
