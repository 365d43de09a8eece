package tests

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"ecommerce-platform/infra"
	"ecommerce-platform/infra/boundary"
	"ecommerce-platform/tests/pulumitest"
)

const infraKMSKey = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"

func TestInfraNodes(t *testing.T) {
	rec := pulumitest.Run(t, infraProgram(infraArgs()))
	for _, want := range infraArgs().Nodes {
		t.Run(want.Name, func(t *testing.T) {
			node := rec.Get(t, infraInstance, want.Name)
			assert.Equal(t, want.PrivateIP, node.Input("privateIp"))
			assert.Equal(t, pulumitest.ID("platform-public"), node.Input("subnetId"))
			assert.Equal(t, pulumitest.AMI, node.Input("ami"))
			assert.Equal(t, "t3.medium", node.Input("instanceType"))
			assert.Equal(t, false, node.Input("sourceDestCheck"), "Calico routes pod addresses without tunnels")
			assert.Equal(t, []any{pulumitest.ID("platform-node"), pulumitest.ID("platform-" + want.Role)},
				node.Input("vpcSecurityGroupIds"))
			assert.Equal(t, map[string]any{"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1.0},
				node.Input("metadataOptions"))
			assert.Equal(t, "gp3", node.Input("rootBlockDevice.volumeType"))
			assert.Equal(t, true, node.Input("rootBlockDevice.encrypted"))
			assert.Equal(t, true, node.Input("rootBlockDevice.deleteOnTermination"))
			assert.Equal(t, 20.0, node.Input("rootBlockDevice.volumeSize"))
			assert.Equal(t, want.Name, node.Input("rootBlockDevice.tags.Name"))
			assert.False(t, node.Has("rootBlockDevice.kmsKeyId"), "the account's own key")
			assert.Equal(t, "unlimited", node.Input("creditSpecification.cpuCredits"), "a new T3 has no credits for its bootstrap")
			assert.Equal(t, false, node.Input("monitoring"), "said, so that turning it off again takes effect")
			assert.False(t, node.Has("networkInterfaces"), "it has the one that EC2 gives it")
			assert.Equal(t, want.Name, node.Input("tags.Name"))
			assert.Equal(t, want.Role, node.Input("tags.Role"))
			assert.False(t, node.Has("associatePublicIpAddress"), "would fight with the Elastic IP in every update")

			assert.Equal(t, []string{"ami", "keyName", "rootBlockDevice.kmsKeyId", "userData"}, node.IgnoreChanges,
				"a new image never replaces a node, nor does another key for its disk, nor do other login keys")
			assert.True(t, node.DeleteBeforeReplace, "the successor has the same address")
		})
		t.Run(want.Name+" keeps its Elastic IP", func(t *testing.T) {
			node, eip := rec.Get(t, infraInstance, want.Name), rec.Get(t, infraEip, want.Name)
			assert.Equal(t, "vpc", eip.Input("domain"))
			assert.False(t, eip.Has("instance"))
			assert.False(t, rec.WaitsFor(eip, node), "the address outlives the instance")
			assert.True(t, eip.DependsOn(rec.Get(t, "aws:ec2/internetGateway:InternetGateway", "platform-gateway")))
			association := rec.Get(t, infraAssociation, want.Name)
			assert.Equal(t, eip.ID, association.Input("allocationId"))
			assert.Equal(t, node.ID, association.Input("instanceId"))
			assert.Equal(t, eip.Output("publicIp"), rec.Export(want.Name))
			state := rec.Get(t, infraInstanceState, want.Name)
			assert.Equal(t, node.ID, state.Input("instanceId"))
			assert.Equal(t, "running", state.Input("state"), "a machine that is stopped is started again")
		})
	}
	t.Run("the login key is the instance's key pair", func(t *testing.T) {
		pair := rec.Get(t, "aws:ec2/keyPair:KeyPair", "platform-login")
		assert.Equal(t, infraPublicKey("login"), pair.Input("publicKey"))
		assert.Contains(t, rec.Get(t, infraInstance, "worker-node-1").PropertyDeps["keyName"], pair.URN)
	})
	t.Run("the image is the newest of its publisher", func(t *testing.T) {
		require.Len(t, rec.Calls(), 2, "one lookup of types and one of the image for all nodes")
		call := rec.Calls()[1]
		assert.Equal(t, "aws:ec2/getAmi:getAmi", call.Token)
		assert.Equal(t, map[string]any{
			"mostRecent": true, "owners": []any{"136693071363"},
			"filters": []any{
				map[string]any{"name": "name", "values": []any{"debian-13-amd64-*"}},
				map[string]any{"name": "architecture", "values": []any{"x86_64"}},
				map[string]any{"name": "root-device-type", "values": []any{"ebs"}},
				map[string]any{"name": "virtualization-type", "values": []any{"hvm"}},
				map[string]any{"name": "state", "values": []any{"available"}},
			},
		}, call.Args)
	})
	t.Run("an image that is not there is an error that names the key", func(t *testing.T) {
		_, err := pulumitest.RunErr(t, infraProgram(infraArgs()), pulumitest.Invoke("aws:ec2/getAmi:getAmi",
			func(map[string]any) (map[string]any, error) { return nil, errors.New("your query returned no results") }))
		require.ErrorContains(t, err, `amiName "debian-13-amd64-*": no image of owner 136693071363 found: `)
		assert.ErrorContains(t, err, "your query returned no results")
	})
	t.Run("a machine is protected, and says what it holds, if the program says so", func(t *testing.T) {
		args := infraArgs()
		args.Nodes[1].Holds, args.Nodes[1].Protect = "database", true
		node := pulumitest.Run(t, infraProgram(args)).Get(t, infraInstance, args.Nodes[1].Name)
		assert.True(t, node.Protect)
		assert.Equal(t, "database", node.Input("tags.Holds"))
		other := rec.Get(t, infraInstance, args.Nodes[1].Name)
		assert.False(t, other.Protect)
		assert.False(t, other.Has("tags.Holds"))
	})
	t.Run("a key of one's own encrypts every disk, and figures come each minute, where the configuration says so", func(t *testing.T) {
		args := infraArgs()
		args.KMSKeyID, args.DetailedMonitoring = infraKMSKey, true
		for _, node := range pulumitest.Run(t, infraProgram(args)).All(infraInstance) {
			assert.Equal(t, infraKMSKey, node.Input("rootBlockDevice.kmsKeyId"), node.Name)
			assert.Equal(t, true, node.Input("rootBlockDevice.encrypted"), node.Name)
			assert.Equal(t, true, node.Input("monitoring"), node.Name)
		}
	})
	t.Run("a type without credits is not asked for credits", func(t *testing.T) {
		args := infraArgs()
		args.Nodes[1].InstanceType, args.Nodes[1].RootVolumeGiB = "m7i.large", 50
		node := pulumitest.Run(t, infraProgram(args)).Get(t, infraInstance, "worker-node-1")
		assert.Equal(t, "m7i.large", node.Input("instanceType"))
		assert.Equal(t, 50.0, node.Input("rootBlockDevice.volumeSize"))
		assert.False(t, node.Has("creditSpecification"))
	})
}

func TestInfraMoreWorkers(t *testing.T) {
	names := func(rec *pulumitest.Recorder) []string {
		var names []string
		for _, res := range rec.All() {
			names = append(names, res.Type+" "+res.Name)
		}
		slices.Sort(names)
		return names
	}
	before := names(pulumitest.Run(t, infraProgram(infraArgs())))
	args := infraArgs()
	// First in the list, so that a name taken from a position would show.
	args.Nodes = append([]infra.Node{infraNode("worker-node-3", boundary.Worker, "172.31.3.3")}, args.Nodes...)
	after := names(pulumitest.Run(t, infraProgram(args)))

	added := slices.DeleteFunc(slices.Clone(after), func(name string) bool { return slices.Contains(before, name) })
	assert.Equal(t, []string{
		infraEip + " worker-node-3", infraAssociation + " worker-node-3", infraInstance + " worker-node-3", infraInstanceState + " worker-node-3",
	}, added)
	assert.Len(t, after, len(before)+4)

	args = infraArgs()
	for i := range 12 {
		args.Nodes = append(args.Nodes, infraNode(fmt.Sprintf("extra-%d", i), boundary.Worker, fmt.Sprintf("172.31.4.%d", i+1)))
	}
	assert.Len(t, pulumitest.Run(t, infraProgram(args)).All(infraInstance), 15)
}

func TestInfraUserData(t *testing.T) {
	rec := pulumitest.Run(t, infraProgram(infraArgs()))
	node := rec.Get(t, infraInstance, "worker-node-1")

	t.Run("is secret in inputs and outputs, even from a key that is not", func(t *testing.T) {
		assert.True(t, node.IsSecret("userData"))
		assert.True(t, node.IsSecretOutput("userData"))
		assert.Contains(t, node.AdditionalSecretOutputs, "userData")
		for _, name := range []string{"control-plane", "worker-node-1", "worker-node-2"} {
			assert.Contains(t, rec.Get(t, infraInstance, name).Input("userData"), "private key of "+name)
			assert.Empty(t, rec.FindPlain("private key of "+name))
		}
	})
	t.Run("is what the golden file shows", func(t *testing.T) {
		pulumitest.Golden(t, "infra/user-data-worker-node-1.yaml", node.InputString("userData"))
	})
	t.Run("is YAML with the keys unchanged", func(t *testing.T) {
		var document struct {
			Hostname string `json:"hostname"`
			SSHKeys  struct {
				Private string `json:"ed25519_private"`
				Public  string `json:"ed25519_public"`
			} `json:"ssh_keys"`
			AuthorizedKeys []string `json:"ssh_authorized_keys"`
		}
		require.NoError(t, yaml.Unmarshal([]byte(node.InputString("userData")), &document))
		assert.Equal(t, "worker-node-1", document.Hostname)
		assert.Equal(t, infraPrivateKey("worker-node-1"), document.SSHKeys.Private)
		assert.Equal(t, infraPublicKey("worker-node-1"), document.SSHKeys.Public)
		assert.Equal(t, []string{infraPublicKey("login"), infraPublicKey("next")}, document.AuthorizedKeys)
	})
	t.Run("fits into what EC2 takes", func(t *testing.T) {
		assert.Less(t, len(node.InputString("userData")), 16*1024)
	})
}
