package twin

import (
	"encoding/base64"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// maxUserData is EC2's limit, before it is encoded.
const maxUserData = 16 << 10

var (
	instanceTypeForm = regexp.MustCompile(`^[a-z]+[0-9]*[a-z0-9-]*\.(nano|micro|small|medium|large|[0-9]*xlarge|metal(-[0-9]+xl)?)$`)
	arm              = regexp.MustCompile(`^(a1|[a-z]+[0-9]+g[a-z]*)\.`)
	// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/work-with-tags-in-IMDS.html
	metadataTag = regexp.MustCompile(`^[0-9a-zA-Z\-_+=,.@:]{1,255}$`)
)

func architectureOf(instanceType string) string {
	if arm.MatchString(instanceType) {
		return "arm64"
	}
	return "x86_64"
}

// checkInstance reports what is wrong with an instance in any account.
func checkInstance(in Values) []Failure {
	failures := append(checkTags("tags", in), checkTags("volumeTags", in)...)
	if s := in.Text("instanceType"); s != "" && !instanceTypeForm.MatchString(s) {
		failures = append(failures, fail("instanceType", "InvalidInstanceType: Invalid value '%s' for InstanceType.", s)...)
	}
	if s := in.Text("privateIp"); s != "" {
		if address, err := netip.ParseAddr(s); err != nil || !address.Is4() {
			failures = append(failures, fail("privateIp", "expected privateIp to contain a valid IPv4 address, got: %s", s)...)
		}
	}
	if s := in.Text("ami"); s != "" && !strings.HasPrefix(s, "ami-") {
		failures = append(failures, fail("ami", "InvalidAMIID.Malformed: Invalid id: %q (expecting \"ami-...\")", s)...)
	}
	failures = append(failures, checkUserData(in)...)
	failures = append(failures, checkVolume("rootBlockDevice", in.Object("rootBlockDevice"))...)
	return append(failures, checkMetadata(in)...)
}

func checkUserData(in Values) []Failure {
	_, plain := in["userData"]
	_, encoded := in["userDataBase64"]
	if plain && encoded {
		return fail("userData", "conflicts with userDataBase64")
	}
	for _, name := range []string{"userData", "userDataBase64"} {
		if !in.Known(name) {
			continue
		}
		data, err := userData(in)
		if err != nil {
			return fail(name, "InvalidUserData.Malformed: Invalid BASE64 encoding of user data")
		}
		if len(data) > maxUserData {
			return fail(name, "InvalidParameterValue: User data is limited to %d bytes, got %d", maxUserData, len(data))
		}
	}
	return nil
}

// userData is what cloud-init is to see. Like the provider, it takes userData that is valid base64 for encoded already.
func userData(in Values) ([]byte, error) {
	if encoded := in.Text("userDataBase64"); encoded != "" {
		return base64.StdEncoding.DecodeString(encoded)
	}
	plain := in.Text("userData")
	if data, err := base64.StdEncoding.DecodeString(plain); err == nil {
		return data, nil
	}
	return []byte(plain), nil
}

func checkVolume(path string, in Values) []Failure {
	failures := checkTags("tags", in)
	for i := range failures {
		failures[i].Property = path + "." + failures[i].Property
	}
	kind := in.Text("volumeType")
	bounds := func(name string, low, high int) {
		if n, ok := in.Number(name); ok && (n < low || n > high) {
			failures = append(failures, fail(path+"."+name, "InvalidParameterValue: %s must be from %d to %d, got %d", name, low, high, n)...)
		}
	}
	bounds("volumeSize", 1, 65536)
	switch kind {
	case "gp3":
		bounds("iops", 3000, 80000)
		bounds("throughput", 125, 2000)
	case "io1", "io2":
		bounds("iops", 100, 256000)
	default:
		if _, ok := in["iops"]; ok && kind != "" {
			failures = append(failures, fail(path+".iops", "InvalidParameterCombination: The parameter iops is not supported for %s volumes.", kind)...)
		}
	}
	if _, ok := in["throughput"]; ok && kind != "gp3" && in.Known("volumeType") {
		failures = append(failures, fail(path+".throughput", "InvalidParameterCombination: The parameter throughput is not supported for %s volumes.", kind)...)
	}
	if _, key := in["kmsKeyId"]; key && in.Known("encrypted") && !in.Flag("encrypted", false) {
		failures = append(failures, fail(path+".kmsKeyId", "InvalidParameterCombination: kmsKeyId needs encrypted to be true")...)
	}
	return failures
}

func checkMetadata(in Values) []Failure {
	options := in.Object("metadataOptions")
	var failures []Failure
	if n, ok := options.Number("httpPutResponseHopLimit"); ok && (n < 1 || n > 64) {
		failures = fail("metadataOptions.httpPutResponseHopLimit", "InvalidParameterValue: expected httpPutResponseHopLimit to be in the range (1 - 64), got %d", n)
	}
	if options.Text("instanceMetadataTags") == "enabled" {
		for _, key := range slices.Sorted(maps.Keys(in.Object("tags"))) {
			if !metadataTag.MatchString(key) {
				failures = append(failures, fail("tags", "InvalidParameterValue: '%s' is not a valid tag key. Tag keys must match pattern ([0-9a-zA-Z\\-_+=,.@:]{1,255}), and must not be a reserved name ('.', '..', '_index')", key)...)
			}
		}
	}
	return failures
}

// fillBlocks reports the objects that EC2 completes: what was asked for over what is there, or what EC2 takes otherwise.
func fillBlocks(r *Record, image *Image) {
	root := map[string]any{"deleteOnTermination": true, "encrypted": false, "kmsKeyId": "", "tags": map[string]any{}}
	if image != nil {
		root["deviceName"], root["volumeSize"], root["volumeType"] = image.RootDevice, image.GiB, image.VolumeType
	}
	root["volumeId"] = NewID("vol-")
	complete(r, "rootBlockDevice", root)
	root["tagsAll"] = root["tags"]
	delete(root, "iops")
	delete(root, "throughput")
	asked := r.Inputs.Object("rootBlockDevice")
	switch root["volumeType"] {
	case "gp3":
		root["iops"], root["throughput"] = 3000, 125
	default:
		root["iops"], root["throughput"] = 100, 0
	}
	overlay(root, asked)

	complete(r, "metadataOptions", map[string]any{"httpEndpoint": "enabled", "httpProtocolIpv6": "disabled",
		"httpPutResponseHopLimit": 1, "httpTokens": "optional", "instanceMetadataTags": "disabled"})
	complete(r, "maintenanceOptions", map[string]any{"autoRecovery": "default"})
	complete(r, "privateDnsNameOptions", map[string]any{"enableResourceNameDnsARecord": false,
		"enableResourceNameDnsAaaaRecord": false, "hostnameType": "ip-name"})
}

func complete(r *Record, name string, object map[string]any) {
	overlay(object, r.Outputs.Object(name))
	overlay(object, r.Inputs.Object(name))
	r.Outputs[name] = object
}

func overlay(object map[string]any, over Values) {
	for name, v := range over {
		object[name] = v
	}
}
