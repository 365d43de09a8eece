package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ebs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// devices are the names that AWS leaves for volumes besides the first. A Nitro machine calls them otherwise, and its owner finds a
// volume there by its ID. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/device_naming.html
const devices = "fghijklmnop"

// volumes makes a node's disks besides the first.
func (b *builder) volumes(node Node, m *machine) ([]*ebs.Volume, error) {
	disks := make([]*ebs.Volume, len(node.Volumes))
	for i, volume := range node.Volumes {
		name := node.Name + "-" + volume.Name
		tags := b.tags(name)
		if volume.Holds != "" {
			tags["Holds"] = pulumi.String(volume.Holds)
		}
		args := &ebs.VolumeArgs{
			AvailabilityZone: m.network.subnet.AvailabilityZone,
			Type:             pulumi.String(volume.Type),
			Size:             pulumi.Int(volume.GiB),
			Encrypted:        pulumi.Bool(true),
			Tags:             tags,
		}
		if b.args.KMSKeyID != "" {
			args.KmsKeyId = pulumi.String(b.args.KMSKeyID)
		}
		var err error
		// Another key would be another volume.
		if disks[i], err = ebs.NewVolume(b.ctx, name, args, b.parent, pulumi.Protect(volume.Protect), pulumi.IgnoreChanges([]string{"kmsKeyId"})); err != nil {
			return nil, err
		}
	}
	return disks, nil
}

// attach gives the machine its disks besides the first, and returns the IDs of these by their names.
func (b *builder) attach(node Node, instance *ec2.Instance, disks []*ebs.Volume) ([]pulumi.Resource, map[string]pulumi.StringOutput, error) {
	var attached []pulumi.Resource
	ids := map[string]pulumi.StringOutput{}
	for i, disk := range disks {
		attachment, err := ec2.NewVolumeAttachment(b.ctx, node.Name+"-"+node.Volumes[i].Name, &ec2.VolumeAttachmentArgs{
			DeviceName: pulumi.Sprintf("/dev/sd%c", devices[i]),
			InstanceId: instance.ID(),
			VolumeId:   disk.ID(),
			// A machine that ends lets go of its volumes, whether it still answers or not. One that goes on is asked for none: what
			// is mounted is not let go, and must not be taken away.
			SkipDestroy: pulumi.Bool(true),
		}, b.parent)
		if err != nil {
			return nil, nil, err
		}
		attached, ids[node.Volumes[i].Name] = append(attached, attachment), disk.ID().ToStringOutput()
	}
	return attached, ids, nil
}

func (v *validation) volumes(key string, volumes []Volume) {
	if len(volumes) > len(devices) {
		v.Addf("%svolumes (%d): at most %d", key, len(volumes), len(devices))
	}
	names := map[string]bool{}
	for i, volume := range volumes {
		at := fmt.Sprintf("%svolumes[%d].", key, i)
		switch {
		case !dnsLabel.MatchString(volume.Name):
			v.Addf("%sname %q: not a DNS label", at, volume.Name)
		case names[volume.Name]:
			v.Addf("%sname %q: is there twice", at, volume.Name)
		}
		names[volume.Name] = true
		if volume.Type != "gp2" && volume.Type != "gp3" {
			v.Addf("%stype %q: must be gp2 or gp3", at, volume.Type)
		}
		if volume.GiB < 1 || volume.GiB > maxVolumeGiB {
			v.Addf("%sgiB %d: must be between 1 and %d", at, volume.GiB, maxVolumeGiB)
		}
	}
}
