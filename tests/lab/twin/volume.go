package twin

import (
	"context"
	"fmt"
	"hash/crc32"
	"regexp"

	"ecommerce-platform/tests/lab/machines"
)

func volumeType() *Type {
	inputs := map[string]Property{
		"availabilityZone":   {Required: true, Replace: true},
		"encrypted":          {Kind: Bool, Replace: true, Default: false},
		"iops":               {Kind: Int, Filled: true},
		"kmsKeyId":           {Replace: true, Filled: true},
		"multiAttachEnabled": {Kind: Bool, Replace: true, Default: false},
		"size":               {Kind: Int, Filled: true},
		"tags":               tags,
		"throughput":         {Kind: Int, Filled: true},
		"type":               {Filled: true, Enum: []string{"gp2", "gp3", "io1", "io2", "sc1", "st1", "standard"}},
	}
	for _, name := range []string{"finalSnapshot", "outpostArn", "snapshotId"} {
		inputs[name] = Property{Absent: true}
	}
	return &Type{
		Token: volumeToken, Noun: "EBS Volume", Prefix: "vol-", ARN: "volume", Inputs: inputs,
		Computed: []string{"arn", "createTime", "iops", "kmsKeyId", "outpostArn", "size", "snapshotId", "throughput", "type"},
		Validate: checkEBS,
		Create: func(tx *Tx, r *Record) error {
			if _, err := tx.zone(r.Text("availabilityZone"), ""); err != nil {
				return refuse("InvalidZone.NotFound", "The zone '%s' does not exist.", r.Text("availabilityZone"))
			}
			fillVolume(r)
			return nil
		},
		Update: func(_ *Tx, old Values, r *Record) error {
			before, _ := old.Number("size")
			if after, ok := r.Inputs.Number("size"); ok && after < before {
				return refuse("InvalidParameterValue", "New size cannot be smaller than existing size")
			}
			fillVolume(r)
			return nil
		},
	}
}

// checkEBS reports what is wrong with a volume in any account.
func checkEBS(in Values) []Failure {
	failures := checkTags("tags", in)
	if _, ok := in["size"]; !ok {
		failures = append(failures, fail("size", "one of `size,snapshot_id` must be specified")...)
	}
	as := Values{}
	for name, property := range map[string]string{"type": "volumeType", "size": "volumeSize", "iops": "iops", "throughput": "throughput", "kmsKeyId": "kmsKeyId", "encrypted": "encrypted"} {
		if v, ok := in[name]; ok {
			as[property] = v
		}
	}
	return append(failures, checkVolume("volume", as)...)
}

// fillVolume reports what EC2 takes where nothing was asked for.
func fillVolume(r *Record) {
	kind := r.Inputs.Text("type")
	if kind == "" {
		kind = "gp2"
	}
	r.Outputs["type"], r.Outputs["size"] = kind, r.Inputs["size"]
	r.Outputs["iops"], r.Outputs["throughput"] = 100, 0
	if kind == "gp3" {
		r.Outputs["iops"], r.Outputs["throughput"] = 3000, 125
	}
	for _, name := range []string{"outpostArn", "snapshotId", "kmsKeyId"} {
		r.Outputs[name] = ""
	}
}

// deviceForm are the names that EC2 takes for what is not a machine's first disk.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/device_naming.html
var deviceForm = regexp.MustCompile(`^(/dev/)?(sd[b-z]|xvd[b-z]|xvd[b-d][a-z])$`)

func volumeAttachmentType() *Type {
	return &Type{
		Token: volumeAttachmentToken, Noun: "EBS Volume Attachment",
		Inputs: map[string]Property{
			"deviceName":                  {Required: true, Replace: true},
			"forceDetach":                 {Kind: Bool},
			"instanceId":                  {Required: true, Replace: true, Refers: toInstance(Cascade)},
			"skipDestroy":                 {Kind: Bool},
			"stopInstanceBeforeDetaching": {Kind: Bool},
			"volumeId": {Required: true, Replace: true, Refers: &Reference{
				[]string{volumeToken}, "InvalidVolume.NotFound", "The volume '%s' does not exist.", Block,
			}},
		},
		// As the provider makes it up, since EC2 has none.
		ID: func(in Values) string {
			sum := crc32.ChecksumIEEE(fmt.Appendf(nil, "%s-%s-%s-", in.Text("deviceName"), in.Text("instanceId"), in.Text("volumeId")))
			return fmt.Sprintf("vai-%d", sum)
		},
		Taken: &Refusal{"VolumeInUse", "The volume is attached to this instance by another resource"},
		Validate: func(in Values) []Failure {
			if name := in.Text("deviceName"); in.Known("deviceName") && !deviceForm.MatchString(name) {
				return fail("deviceName", "InvalidParameterValue: Value (%s) for parameter device is invalid. %s is not a valid EBS device name.", name, name)
			}
			return nil
		},
		Create: attachVolume,
		Stays:  func(r *Record) bool { return r.Inputs.Flag("skipDestroy", false) },
		Delete: func(tx *Tx, r *Record) error {
			if instance := tx.Find(r.Text("instanceId"), instanceToken); instance != nil && r.Inputs.Flag("stopInstanceBeforeDetaching", false) {
				instance.Outputs["instanceState"] = "stopped"
			}
			return nil
		},
	}
}

func attachVolume(tx *Tx, r *Record) error {
	volume, instance := tx.Find(r.Text("volumeId"), volumeToken), tx.Find(r.Text("instanceId"), instanceToken)
	if volume.Text("availabilityZone") != instance.Text("availabilityZone") {
		return refuse("InvalidVolume.ZoneMismatch", "The volume '%s' is not in the same availability zone as instance '%s'", volume.ID, instance.ID)
	}
	for _, other := range tx.All(volumeAttachmentToken) {
		switch {
		case other == r:
		case other.Text("volumeId") == volume.ID:
			return refuse("VolumeInUse", "%s is already attached to an instance", volume.ID)
		case other.Text("instanceId") == instance.ID && other.Text("deviceName") == r.Text("deviceName"):
			return refuse("InvalidParameterValue", "Invalid value '%s' for unixDevice. Attachment point %[1]s is already in use", r.Text("deviceName"))
		}
	}
	return nil
}

// disk is what stands for a volume in machine mode.
func disk(r *Record) machines.Disk {
	size, _ := r.Inputs.Number("size")
	return machines.Disk{ID: r.ID, GiB: size}
}

// attached finds both ends of an attachment.
func (p *Provider) attached(ctx context.Context, r *Record) (container string, d machines.Disk, err error) {
	err = p.with(ctx, func(tx *Tx) error {
		if instance := tx.Find(r.Text("instanceId"), instanceToken); instance != nil {
			container = instance.Container
		}
		if volume := tx.Find(r.Text("volumeId"), volumeToken); volume != nil {
			d = disk(volume)
		}
		return nil
	})
	return container, d, err
}

func (p *Provider) attach(ctx context.Context, r *Record) error {
	container, d, err := p.attached(ctx, r)
	if err != nil {
		return err
	}
	p.log.Status(ctx, r.URN, "attaching %s to container %s", d.ID, container)
	return p.machines.Attach(ctx, container, d)
}

// detach lets go of a volume, on a machine that has stopped where that was asked for.
func (p *Provider) detach(ctx context.Context, r *Record) error {
	container, d, err := p.attached(ctx, r)
	if err != nil || d.ID == "" {
		return err
	}
	if r.Inputs.Flag("stopInstanceBeforeDetaching", false) && container != "" {
		p.log.Status(ctx, r.URN, "stopping container %s", container)
		if err := p.machines.Power(ctx, container, false); err != nil {
			return err
		}
	}
	p.log.Status(ctx, r.URN, "detaching %s", d.ID)
	return p.machines.Detach(ctx, container, d)
}
