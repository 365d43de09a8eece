package twin

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"ecommerce-platform/tests/lab/machines"
)

// vCPUs and memory by family, and by the sizes that the twin offers of it.
var (
	burst, olderBurst        = burstable(2), burstable(1)
	compute, general, memory = large(2), large(4), large(8)
)

// burstable are the sizes of a family whose small ones have so many vCPUs.
func burstable(small int) map[string]machines.Size {
	of := func(cpus, mebibytes int) machines.Size { return machines.Size{CPUs: cpus, MemoryMiB: mebibytes} }
	return map[string]machines.Size{
		"nano": of(small, 512), "micro": of(small, 1<<10), "small": of(small, 2<<10),
		"medium": of(2, 4<<10), "large": of(2, 8<<10), "xlarge": of(4, 16<<10), "2xlarge": of(8, 32<<10),
	}
}

// large are the sizes of a family that has so many GiB for each vCPU.
func large(gibibytes int) map[string]machines.Size {
	sizes := map[string]machines.Size{}
	for name, cpus := range map[string]int{"large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16} {
		sizes[name] = machines.Size{CPUs: cpus, MemoryMiB: cpus * gibibytes << 10}
	}
	return sizes
}

// families are what the twin offers of EC2's instance types: common ones of x86-64 and Arm.
// https://docs.aws.amazon.com/ec2/latest/instancetypes/
var families = map[string]map[string]machines.Size{
	"t2": olderBurst, "t3": burst, "t3a": burst, "t4g": burst,
	"m5": general, "m5a": general, "m6i": general, "m6a": general, "m7i": general, "m7a": general, "m6g": general, "m7g": general,
	"c5": compute, "c6i": compute, "c7i": compute, "c6g": compute, "c7g": compute,
	"r5": memory, "r6i": memory, "r7i": memory, "r6g": memory, "r7g": memory,
}

// sizeOf is what a machine of the type has; nothing where there is no such type.
func sizeOf(instanceType string) machines.Size {
	family, size, _ := strings.Cut(instanceType, ".")
	return families[family][size]
}

// SizeOf is what a machine of the type has.
func SizeOf(instanceType string) (machines.Size, error) {
	if !isOffered(instanceType) {
		return machines.Size{}, fmt.Errorf("instance type %q: not offered by the digital twin of EC2", instanceType)
	}
	return sizeOf(instanceType), nil
}

// isOffered tells whether there is such an instance type at all.
func isOffered(instanceType string) bool { return sizeOf(instanceType) != machines.Size{} }

// lacks are families that a zone does not have: the third one of us-east-1 is the oldest of all, and has no T3.
var lacks = map[string][]string{"use1-az3": {"t3", "t3a", "t4g", "m6i", "m7i", "c6i", "c7i", "r6i", "r7i"}}

func (z Zone) offers(instanceType string) bool {
	family, _, _ := strings.Cut(instanceType, ".")
	return isOffered(instanceType) && !slices.Contains(lacks[z.ID], family)
}

// checkOffer refuses a type that there is not, or not in the subnet's zone.
func (tx *Tx) checkOffer(instanceType, zoneName string) error {
	if !isOffered(instanceType) {
		return refuse("InvalidParameterValue", "Invalid value '%s' for InstanceType.", instanceType)
	}
	var elsewhere []string
	for _, zone := range zones(tx.Region) {
		switch {
		case !zone.offers(instanceType):
		case zone.Name == zoneName:
			return nil
		default:
			elsewhere = append(elsewhere, zone.Name)
		}
	}
	return refuse("Unsupported", "Your requested instance type (%s) is not supported in your requested Availability Zone (%s). Please retry your request by not specifying an Availability Zone or choosing %s.",
		instanceType, zoneName, strings.Join(elsewhere, ", "))
}

// getOfferings lists pairs of a type and a place, as two lists.
func getOfferings(tx *Tx, args Values) (Values, error) {
	places, types := []any{}, []any{}
	kind := args.Text("locationType")
	if kind == "" {
		kind = "region"
	}
	for _, zone := range zones(tx.Region) {
		place := map[string]string{"availability-zone": zone.Name, "availability-zone-id": zone.ID, "region": tx.Region}[kind]
		for _, family := range slices.Sorted(maps.Keys(families)) {
			for _, size := range slices.Sorted(maps.Keys(families[family])) {
				name, keep := family+"."+size, zone.offers(family+"."+size)
				for _, f := range args.Objects("filters") {
					value, ok := map[string]string{"instance-type": name, "location": place}[f.Text("name")]
					if !ok {
						return nil, refuse("InvalidParameterValue", "The filter '%s' is invalid", f.Text("name"))
					}
					keep = keep && matches(f.Texts("values"), value)
				}
				if keep {
					places, types = append(places, place), append(types, name)
				}
			}
		}
		if kind == "region" {
			break
		}
	}
	kinds := make([]any, len(places))
	for i := range kinds {
		kinds[i] = kind
	}
	out := Values{"id": tx.Region, "instanceTypes": types, "locations": places, "locationTypes": kinds}
	for _, name := range []string{"filters", "locationType"} {
		if v, ok := args[name]; ok {
			out[name] = v
		}
	}
	return out, nil
}
