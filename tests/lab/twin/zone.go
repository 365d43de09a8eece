package twin

import "regexp"

// Zone is an availability zone.
type Zone struct{ Name, ID string }

var regionForm = regexp.MustCompile(`^([a-z]{2})(?:-[a-z]+)*-([a-z])[a-z]*-(\d)$`)

// zones lists the availability zones of a region: every region of the twin has three.
func zones(region string) []Zone {
	var list []Zone
	parts := regionForm.FindStringSubmatch(region)
	for i, letter := range []string{"a", "b", "c"} {
		list = append(list, Zone{region + letter, parts[1] + parts[2] + parts[3] + "-az" + string(rune('1'+i))})
	}
	return list
}

// zone finds the zone that is asked for by name or identifier, the first one when neither is.
func (tx *Tx) zone(name, id string) (Zone, error) {
	all := zones(tx.Region)
	if name == "" && id == "" {
		return all[0], nil
	}
	for _, z := range all {
		if z.Name == name || z.ID == id {
			return z, nil
		}
	}
	return Zone{}, refuse("InvalidParameterValue", "Value (%s) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: %s, %s, %s.",
		name+id, all[0].Name, all[1].Name, all[2].Name)
}
