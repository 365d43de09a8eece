package tests

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"ecommerce-platform/infra"
	"ecommerce-platform/tests/pulumitest"
)

const (
	infraVolume     = "aws:ebs/volume:Volume"
	infraAttachment = "aws:ec2/volumeAttachment:VolumeAttachment"
)

// infraWithAVolume gives the last machine a volume of its own.
func infraWithAVolume() *infra.Args {
	args := infraArgs()
	args.Nodes[2].Volumes = []infra.Volume{{Name: "postgres", Type: "gp3", GiB: 5, Holds: "database", Protect: true}}
	return args
}

func TestInfraVolumes(t *testing.T) {
	const name = "worker-node-2-postgres"
	args := infraWithAVolume()
	args.KMSKeyID = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	rec := pulumitest.Run(t, infraProgram(args))
	volume, attachment, machine := rec.Get(t, infraVolume, name), rec.Get(t, infraAttachment, name), rec.Get(t, infraInstance, "worker-node-2")
	assert.Equal(t, "gp3", volume.Input("type"))
	assert.Equal(t, 5.0, volume.Input("size"))
	assert.Equal(t, true, volume.Input("encrypted"))
	assert.Equal(t, args.KMSKeyID, volume.Input("kmsKeyId"))
	assert.Equal(t, []string{"kmsKeyId"}, volume.IgnoreChanges, "another key is for volumes made from then on")
	assert.Equal(t, rec.Get(t, "aws:ec2/subnet:Subnet", "platform-public").Output("availabilityZone"), volume.Input("availabilityZone"))
	assert.Equal(t, "database", volume.Input("tags.Holds"))
	assert.True(t, volume.Protect)
	assert.True(t, machine.DependsOn(volume), "a volume is deleted after the machine that has it")
	assert.False(t, rec.WaitsFor(volume, machine), "it outlives the machine")

	assert.Equal(t, "/dev/sdf", attachment.Input("deviceName"))
	assert.Equal(t, machine.ID, attachment.Input("instanceId"))
	assert.Equal(t, volume.ID, attachment.Input("volumeId"))
	assert.Equal(t, true, attachment.Input("skipDestroy"), "it ends with the machine, and is not taken from one that uses it")
	assert.Len(t, rec.All(infraVolume), 1)

	assert.Empty(t, pulumitest.Run(t, infraProgram(infraArgs())).All(infraVolume, infraAttachment))
}
