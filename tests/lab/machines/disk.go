package machines

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"ecommerce-platform/tests/lab/docker"
)

// Disk is an EBS volume: a file in a Docker volume, which a loop device of the host's kernel makes the block device that a machine sees.
type Disk struct {
	ID  string // vol-...
	GiB int
}

// serial is how the disk calls itself. https://docs.aws.amazon.com/ebs/latest/userguide/identify-nvme-ebs-device.html
func (d Disk) serial() string { return strings.ReplaceAll(d.ID, "-", "") }

// diskList is what a machine's entry point reads: a line for each disk, with device, major and minor number, and serial number.
const diskList = "/etc/twin/disks"

// diskFile is where containers that work on a disk have it, and loops its loop devices.
const (
	diskFile = "/disk/disk.img"
	loops    = `[ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237
for number in $(seq 0 63); do [ -e "/dev/loop$number" ] || mknod "/dev/loop$number" b 7 "$number"; done
devices() { losetup --associated "$FILE" --noheadings --output NAME; }
release() {
	for device in $(devices); do losetup --detach "$device"; done
	[ -z "$(devices)" ] || { echo "the disk is in use: $(devices)"; exit 1; }
}
`
)

func (d *Docker) diskVolume(id string) string { return d.Name + "-" + id }

// MakeDisk makes an empty disk. One of the same identifier is left as it is.
func (d *Docker) MakeDisk(ctx context.Context, disk Disk) error {
	volume := d.diskVolume(disk.ID)
	if err := docker.Call(ctx, "making volume "+volume, func(ctx context.Context, engine *client.Client) error {
		labels := d.labels(disk.ID)
		labels[imageLabel] = d.Image
		_, err := engine.VolumeCreate(ctx, client.VolumeCreateOptions{Name: volume, Labels: labels})
		return err
	}); err != nil {
		return err
	}
	_, err := d.onDisk(ctx, disk.ID, fmt.Sprintf(`truncate --size ">%dG" "$FILE"`, disk.GiB))
	return err
}

// GrowDisk gives a disk its size, also where it is attached.
func (d *Docker) GrowDisk(ctx context.Context, disk Disk) error {
	_, err := d.onDisk(ctx, disk.ID, fmt.Sprintf(`truncate --size ">%dG" "$FILE"
for device in $(devices); do losetup --set-capacity "$device"; done`, disk.GiB))
	return err
}

// RemoveDisk removes a disk with what is on it. One that is gone already is no error.
func (d *Docker) RemoveDisk(ctx context.Context, disk Disk) error {
	return d.removeVolume(ctx, d.diskVolume(disk.ID))
}

// removeVolume removes a Docker volume; the kernel must let go of one that is a disk.
func (d *Docker) removeVolume(ctx context.Context, name string) error {
	found, err := docker.On(ctx, "inspecting volume", name, (*client.Client).VolumeInspect, client.VolumeInspectOptions{})
	if docker.Missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if image := found.Volume.Labels[imageLabel]; image != "" {
		there := &Docker{Name: d.Name, Image: image}
		if _, err := there.onDisk(ctx, found.Volume.Labels[idLabel], "release"); err != nil {
			return err
		}
	}
	return docker.RemoveVolume(ctx, name)
}

// Attach makes the disk a device of the machine, unless it is. What held it before has let go of it.
func (d *Docker) Attach(ctx context.Context, name string, disk Disk) error {
	lines, err := disksOf(ctx, name)
	if err != nil {
		return err
	}
	loop, err := d.onDisk(ctx, disk.ID, "devices")
	if err != nil {
		return err
	}
	if slices.ContainsFunc(lines, func(line string) bool { return strings.HasSuffix(line, numbers(loop, disk)) }) {
		return nil
	}
	if loop, err = d.onDisk(ctx, disk.ID, `release; losetup --find --show "$FILE"`); err != nil {
		return err
	}
	return d.changeDisks(ctx, name, disk, numbers(loop, disk))
}

// numbers are what a line of the list says of a disk after its device's name.
func numbers(loop string, disk Disk) string {
	return " 7 " + strings.TrimPrefix(loop, "/dev/loop") + " " + disk.serial()
}

// Detach takes the disk away from the machine. EC2 takes none away that is mounted: it is busy, for as long as that takes.
func (d *Docker) Detach(ctx context.Context, name string, disk Disk) error {
	status, err := d.Status(ctx, name)
	if err != nil {
		return err
	}
	if status == "running" {
		code, mounted, err := docker.Run(ctx, name, "", "findmnt", "--noheadings", "--output", "TARGET", "--source",
			"/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_"+disk.serial())
		if err == nil && code == 0 {
			err = fmt.Errorf("volume %s stays busy: it is mounted in %s", disk.ID, strings.Join(strings.Fields(mounted), ", "))
		}
		if err != nil {
			return err
		}
	}
	if status != "" {
		if err := d.changeDisks(ctx, name, disk, ""); err != nil {
			return err
		}
	}
	_, err = d.onDisk(ctx, disk.ID, "release")
	return err
}

// changeDisks brings the machine's list and its devices up to date. Without numbers the disk is taken off.
func (d *Docker) changeDisks(ctx context.Context, name string, disk Disk, numbers string) error {
	lines, err := disksOf(ctx, name)
	if err != nil {
		return err
	}
	lines = slices.DeleteFunc(lines, func(line string) bool { return strings.HasSuffix(line, " "+disk.serial()) })
	if numbers != "" {
		device := 1 // the first disk is nvme0n1
		for slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, fmt.Sprintf("nvme%dn1 ", device)) }) {
			device++
		}
		lines = append(lines, fmt.Sprintf("nvme%dn1%s", device, numbers))
	}
	text := ""
	for _, line := range lines {
		text += line + "\n"
	}
	list, err := archive(file{diskList, 0o644, []byte(text)})
	if err != nil {
		return err
	}
	if err := docker.Unpack(ctx, name, list); err != nil {
		return err
	}
	status, err := d.Status(ctx, name)
	if err != nil || status != "running" {
		return err // its entry point does the rest
	}
	code, said, err := docker.Run(ctx, name, "", "/usr/local/sbin/twin-disks")
	if err == nil && code != 0 {
		err = fmt.Errorf("the devices of %s: %s", name, said)
	}
	return err
}

// disksOf are the lines of a machine's list, which also one that is stopped has.
func disksOf(ctx context.Context, name string) (lines []string, err error) {
	err = docker.Call(ctx, "reading the disks of "+name, func(ctx context.Context, engine *client.Client) error {
		copied, err := engine.CopyFromContainer(ctx, name, client.CopyFromContainerOptions{SourcePath: diskList})
		if cerrdefs.IsNotFound(err) && strings.Contains(err.Error(), diskList) {
			return nil // it never had one
		}
		if err != nil {
			return err
		}
		defer copied.Content.Close() //nolint:errcheck // read only
		archive := tar.NewReader(copied.Content)
		if _, err := archive.Next(); err != nil {
			return err
		}
		var text bytes.Buffer
		if _, err := text.ReadFrom(archive); err != nil {
			return err
		}
		lines = slices.DeleteFunc(strings.Split(text.String(), "\n"), func(line string) bool { return line == "" })
		return nil
	})
	return lines, err
}

// onDisk runs a script beside the disk's file, $FILE, in a container that may use loop devices, and returns what it printed.
func (d *Docker) onDisk(ctx context.Context, id, script string) (printed string, err error) {
	allow, err := d.privilege(ctx)
	if err != nil {
		return "", err
	}
	name := d.diskVolume(id) + "-at-work"
	if err := docker.Remove(ctx, name); err != nil {
		return "", err
	}
	host := &container.HostConfig{NetworkMode: "none", Binds: []string{d.diskVolume(id) + ":/disk"}}
	allow(host)
	if err := docker.Create(ctx, client.ContainerCreateOptions{
		Name: name, HostConfig: host,
		Config: &container.Config{
			Image: d.Image, Labels: d.labels(id), Env: []string{"FILE=" + diskFile}, Entrypoint: []string{"/bin/sleep", "infinity"}, StopSignal: "SIGKILL",
		},
	}); err != nil {
		return "", err
	}
	defer func() {
		if e := docker.Remove(context.WithoutCancel(ctx), name); err == nil {
			err = e
		}
	}()
	if err := docker.Power(ctx, name, true); err != nil {
		return "", err
	}
	code, printed, err := docker.Run(ctx, name, "", "bash", "-euc", loops+script)
	if err == nil && code != 0 {
		err = fmt.Errorf("disk %s: %s", id, printed)
	}
	return printed, err
}
