package twin

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"sort"

	"github.com/google/renameio/v2"
)

// Image is an Amazon Machine Image. A test appends newer ones to amis.json.
type Image struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	Owner        string `json:"owner"`
	Architecture string `json:"architecture"`
	Created      string `json:"creationDate"`
	RootDevice   string `json:"rootDeviceName"`
	Snapshot     string `json:"rootSnapshotId"`
	GiB          int    `json:"gib"`
	VolumeType   string `json:"volumeType"`
}

// DebianOwner is the account that publishes Debian's images: https://wiki.debian.org/Cloud/AmazonEC2Image
const DebianOwner = "136693071363"

// NewImage makes a Debian image of that name and creation date; its identifiers follow from the name.
func NewImage(name, architecture, created string) Image {
	sum := sha256.Sum256([]byte(name))
	digits := hex.EncodeToString(sum[:8])
	return Image{ID: "ami-0" + digits, Name: name, Owner: DebianOwner, Architecture: architecture, Created: created,
		RootDevice: "/dev/xvda", Snapshot: "snap-0" + digits, GiB: 8, VolumeType: "gp3"}
}

func imagesPath(dir string) string { return filepath.Join(dir, "amis.json") }

// Images reads what can be launched, and publishes the first images of Debian 12 and 13 when there is no list yet.
// The caller holds the state.
func Images(dir string) ([]Image, error) {
	data, err := os.ReadFile(imagesPath(dir))
	if errors.Is(err, fs.ErrNotExist) {
		images := []Image{
			NewImage("debian-12-amd64-20260901-1234", "x86_64", "2026-09-01T12:34:00.000Z"),
			NewImage("debian-13-amd64-20260901-1234", "x86_64", "2026-09-01T12:34:00.000Z"),
			NewImage("debian-12-arm64-20260901-1234", "arm64", "2026-09-01T12:34:00.000Z"),
			NewImage("debian-13-arm64-20260901-1234", "arm64", "2026-09-01T12:34:00.000Z"),
		}
		return images, writeImages(dir, images)
	}
	if err != nil {
		return nil, fmt.Errorf("twin images: %w", err)
	}
	var images []Image
	if err := json.Unmarshal(data, &images); err != nil {
		return nil, fmt.Errorf("twin images %s: %w", imagesPath(dir), err)
	}
	return images, nil
}

// Publish adds an image, as Debian does every few weeks.
func Publish(dir string, image Image) error {
	images, err := Images(dir)
	if err != nil {
		return err
	}
	return writeImages(dir, append(images, image))
}

func writeImages(dir string, images []Image) error {
	data, err := json.MarshalIndent(images, "", "  ")
	if err != nil {
		return fmt.Errorf("twin images: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("twin images: %w", err)
	}
	if err := renameio.WriteFile(imagesPath(dir), append(data, '\n'), 0o600, renameio.WithTempDir(dir)); err != nil {
		return fmt.Errorf("twin images: %w", err)
	}
	return nil
}

// image finds what an instance is launched from.
func (tx *Tx) image(id string) (*Image, error) {
	images, err := Images(tx.dir)
	if err != nil {
		return nil, err
	}
	for _, image := range images {
		if image.ID == id {
			return &image, nil
		}
	}
	return nil, refuse("InvalidAMIID.NotFound", "The image id '[%s]' does not exist", id)
}

// imageFilters are the filters of DescribeImages that the twin evaluates.
var imageFilters = map[string]func(Image) string{
	"architecture":        func(i Image) string { return i.Architecture },
	"image-id":            func(i Image) string { return i.ID },
	"image-type":          func(Image) string { return "machine" },
	"is-public":           func(Image) string { return "true" },
	"name":                func(i Image) string { return i.Name },
	"owner-id":            func(i Image) string { return i.Owner },
	"root-device-type":    func(Image) string { return "ebs" },
	"state":               func(Image) string { return "available" },
	"virtualization-type": func(Image) string { return "hvm" },
}

// getAmi answers the lookup of an image.
func getAmi(tx *Tx, args Values) (Values, error) {
	images, err := Images(tx.dir)
	if err != nil {
		return nil, err
	}
	for _, filter := range args.Objects("filters") {
		value := imageFilters[filter.Text("name")]
		if value == nil {
			return nil, refuse("InvalidParameterValue", "The filter '%s' is invalid", filter.Text("name"))
		}
		images = slices.DeleteFunc(images, func(i Image) bool { return !matches(filter.Texts("values"), value(i)) })
	}
	if owners := args.Texts("owners"); len(owners) > 0 {
		images = slices.DeleteFunc(images, func(i Image) bool { return !slices.Contains(owners, i.Owner) })
	}
	if text := args.Text("nameRegex"); text != "" {
		form, err := regexp.Compile(text)
		if err != nil {
			return nil, fmt.Errorf("nameRegex: %w", err)
		}
		images = slices.DeleteFunc(images, func(i Image) bool { return !form.MatchString(i.Name) })
	}
	sort.Slice(images, func(i, j int) bool { return images[i].Created > images[j].Created })
	switch {
	case len(images) == 0:
		return nil, fmt.Errorf("Your query returned no results. Please change your search criteria and try again.") //nolint:revive,staticcheck // the provider's words
	case len(images) > 1 && !args.Flag("mostRecent", false):
		return nil, fmt.Errorf("Your query returned more than one result. Please try a more specific search criteria, or set `mostRecent` attribute to true.") //nolint:revive,staticcheck // the provider's words
	}
	return describeImage(tx.Region, images[0], args), nil
}

// matches compares as EC2's filters do: * for any text, ? for one character.
func matches(patterns []string, s string) bool {
	for _, p := range patterns {
		if ok, err := path.Match(p, s); ok && err == nil {
			return true
		}
	}
	return false
}

func describeImage(region string, i Image, args Values) Values {
	out := Values{
		"id": i.ID, "imageId": i.ID, "name": i.Name, "ownerId": i.Owner, "architecture": i.Architecture,
		"arn": fmt.Sprintf("arn:aws:ec2:%s::image/%s", region, i.ID), "creationDate": i.Created,
		"deprecationTime": "", "description": i.Name, "imageLocation": i.Owner + "/" + i.Name, "imageOwnerAlias": "",
		"imageType": "machine", "imdsSupport": "v2.0", "kernelId": "", "lastLaunchedTime": "", "platform": "", "platformDetails": "Linux/UNIX",
		"public": true, "ramdiskId": "", "rootDeviceName": i.RootDevice, "rootDeviceType": "ebs", "rootSnapshotId": i.Snapshot,
		"sriovNetSupport": "simple", "state": "available", "stateReason": map[string]any{"code": "UNSET", "message": "UNSET"},
		"bootMode": "uefi-preferred", "enaSupport": true, "hypervisor": "xen", "productCodes": []any{}, "tags": map[string]any{},
		"tpmSupport": "", "usageOperation": "RunInstances", "virtualizationType": "hvm",
		"blockDeviceMappings": []any{map[string]any{"deviceName": i.RootDevice, "noDevice": "", "virtualName": "", "ebs": map[string]any{
			"delete_on_termination": "true", "encrypted": "false", "iops": "0", "snapshot_id": i.Snapshot, "throughput": "0",
			"volume_size": fmt.Sprint(i.GiB), "volume_type": i.VolumeType}}},
	}
	for _, name := range []string{"filters", "owners", "mostRecent", "nameRegex", "includeDeprecated", "executableUsers"} {
		if v, ok := args[name]; ok {
			out[name] = v
		}
	}
	return out
}
