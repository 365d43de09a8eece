package twin

import (
	"slices"
	"strings"
)

// sizes are those of a family that the twin offers, with the vCPUs of each.
var (
	burstSizes = map[string]int{"nano": 2, "micro": 2, "small": 2, "medium": 2, "large": 2, "xlarge": 4, "2xlarge": 8}
	largeSizes = map[string]int{"large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16}
)

// families are what the twin offers of EC2's instance types: common ones of x86-64 and Arm.
// https://docs.aws.amazon.com/ec2/latest/instancetypes/
var families = map[string]map[string]int{
	"t2": burstSizes, "t3": burstSizes, "t3a": burstSizes, "t4g": burstSizes,
	"m5": largeSizes, "m5a": largeSizes, "m6i": largeSizes, "m6a": largeSizes, "m7i": largeSizes, "m7a": largeSizes, "m6g": largeSizes, "m7g": largeSizes,
	"c5": largeSizes, "c6i": largeSizes, "c7i": largeSizes, "c6g": largeSizes, "c7g": largeSizes,
	"r5": largeSizes, "r6i": largeSizes, "r7i": largeSizes, "r6g": largeSizes, "r7g": largeSizes,
}

// isOffered tells whether there is such an instance type at all.
func isOffered(instanceType string) bool {
	family, size, _ := strings.Cut(instanceType, ".")
	return families[family][size] > 0
}

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
		for _, family := range sorted(families) {
			for _, size := range sorted(families[family]) {
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
