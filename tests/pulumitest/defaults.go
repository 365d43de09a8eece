package pulumitest

import (
	"fmt"
	"hash/fnv"
)

// AMI is the image that getAmi answers with.
const AMI = "ami-0d1e2f3a4b5c6d7e8"

// PublicIP is the address of the Elastic IP with this name: stable, and different per name.
func PublicIP(name string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	sum := h.Sum32()
	return fmt.Sprintf("198.%d.%d.%d", 18+sum>>16&1, sum>>8&0xff, sum&0xff) // 198.18.0.0/15, RFC 2544
}

func defaultOutputs() map[string][]func(*Resource) map[string]any {
	constant := func(outputs map[string]any) []func(*Resource) map[string]any {
		return []func(*Resource) map[string]any{func(*Resource) map[string]any { return outputs }}
	}
	return map[string][]func(*Resource) map[string]any{
		"aws:ec2/vpc:Vpc": {func(r *Resource) map[string]any {
			return map[string]any{
				"arn": "arn:aws:ec2:eu-central-1:123456789012:vpc/" + r.Name, "mainRouteTableId": r.Name + "-rtb-main",
				"defaultRouteTableId": r.Name + "-rtb-main", "defaultSecurityGroupId": r.Name + "-sg-default",
			}
		}},
		"aws:ec2/subnet:Subnet": constant(map[string]any{"availabilityZone": "eu-central-1a"}),
		"aws:ec2/eip:Eip": {func(r *Resource) map[string]any {
			return map[string]any{"publicIp": PublicIP(r.Name), "allocationId": ID(r.Name)}
		}},
		"aws:ec2/instance:Instance": {func(r *Resource) map[string]any {
			return map[string]any{
				"arn": "arn:aws:ec2:eu-central-1:123456789012:instance/" + r.Name, "instanceState": "running",
				"primaryNetworkInterfaceId": r.Name + "-eni", "availabilityZone": "eu-central-1a",
			}
		}},
		"aws:ec2/keyPair:KeyPair": {func(r *Resource) map[string]any {
			return map[string]any{"id": r.InputString("keyName"), "keyPairId": r.Name + "-key", "fingerprint": "SHA256:mock"}
		}},
		// As on its creation; on a later run the output is still what the first one gave.
		stashType:                {func(r *Resource) map[string]any { return map[string]any{"output": r.Input("input")} }},
		"command:remote:Command": constant(map[string]any{"stdout": "", "stderr": ""}),
	}
}

func defaultInvokes() map[string]func(map[string]any) (map[string]any, error) {
	return map[string]func(map[string]any) (map[string]any, error){
		// As on the stack's first update.
		"pulumi:pulumi:readStackOutputs": func(args map[string]any) (map[string]any, error) { //nolint:unparam // other answers may fail
			return map[string]any{"name": args["name"], "outputs": map[string]any{}}, nil
		},
		// Every zone has every type.
		"aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": func(args map[string]any) (map[string]any, error) { //nolint:unparam // other answers may fail
			var types, zones []any
			filter, _ := args["filters"].([]any)[0].(map[string]any)
			for _, zone := range []string{"eu-central-1b", "eu-central-1a"} {
				for _, kind := range filter["values"].([]any) {
					types, zones = append(types, kind), append(zones, zone)
				}
			}
			return map[string]any{"id": "eu-central-1", "instanceTypes": types, "locations": zones, "locationTypes": zones}, nil
		},
		"aws:ec2/getAmi:getAmi": func(map[string]any) (map[string]any, error) { //nolint:unparam // other answers may fail
			return map[string]any{
				"id": AMI, "imageId": AMI, "name": "debian-13-amd64-20261110-2287", "architecture": "x86_64",
				"rootDeviceName": "/dev/xvda", "state": "available",
			}, nil
		},
	}
}
