package twin

import (
	"fmt"
	"maps"
	"slices"
)

// resolve checks that whatever the inputs refer to exists.
func (tx *Tx) resolve(t *Type, in Values) error {
	for _, name := range slices.Sorted(maps.Keys(t.Inputs)) {
		ref := t.Inputs[name].Refers
		if ref == nil {
			continue
		}
		for _, id := range identifiers(in, name) {
			if tx.Find(id, ref.Types...) == nil {
				return refuse(ref.Code, ref.Message, id)
			}
		}
	}
	return nil
}

func identifiers(in Values, name string) []string {
	if id := in.Text(name); id != "" {
		return []string{id}
	}
	return in.Texts(name)
}

// referrers lists the records that refer to r in one of the given ways.
func (tx *Tx) referrers(r *Record, how OnDelete) []*Record {
	var records []*Record
	for _, id := range slices.Sorted(maps.Keys(tx.Resources)) {
		other := tx.Resources[id]
		if other == r {
			continue
		}
		for name, p := range types[other.Type].Inputs {
			if p.Refers == nil || p.Refers.OnDelete != how || !slices.Contains(p.Refers.Types, r.Type) {
				continue
			}
			if slices.Contains(identifiers(Values{name: other.Value(name)}, name), r.ID) {
				records = append(records, other)
				break
			}
		}
	}
	return records
}

// removable refuses the deletion of what another resource still needs. What would vanish with r, or came with it, does not count.
func (tx *Tx) removable(r *Record) error {
	leaving := map[string]bool{}
	for _, other := range tx.referrers(r, Cascade) {
		leaving[other.ID] = true
	}
	for _, other := range tx.referrers(r, Block) {
		if other.Implicit || leaving[other.ID] {
			continue
		}
		if r.Type == eipToken {
			return refuse("InvalidIPAddress.InUse", "Address %s is in use.", r.ID)
		}
		if r.Type == volumeToken {
			return refuse("VolumeInUse", "Volume %s is currently attached to %s", r.ID, other.Text("instanceId"))
		}
		if r.Type == roleToken {
			return refuse("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")
		}
		return refuse("DependencyViolation", dependency[r.Type], r.ID)
	}
	return nil
}

// remove takes r out of the state with everything that vanishes with it.
func (tx *Tx) remove(r *Record) {
	delete(tx.Resources, r.key())
	for _, other := range tx.referrers(r, Cascade) {
		tx.remove(other)
	}
	for _, other := range tx.referrers(r, Block) {
		if other.Implicit {
			tx.remove(other)
		}
	}
}

// dependency has AWS's wording of DependencyViolation per type.
var dependency = map[string]string{
	vpcToken:             "The vpc '%s' has dependencies and cannot be deleted.",
	subnetToken:          "The subnet '%s' has dependencies and cannot be deleted.",
	routeTableToken:      "The routeTable '%s' has dependencies and cannot be deleted.",
	securityGroupToken:   "resource %s has a dependent object",
	defaultGroupToken:    "resource %s has a dependent object",
	internetGatewayToken: "The internetGateway '%s' has dependencies and cannot be deleted.",
}

// uniqueName refuses a second resource with the same value at name among those that are alike.
func (tx *Tx) uniqueName(r *Record, name string, alike func(*Record) bool) *Record {
	for _, other := range tx.All(r.Type) {
		if other != r && other.Text(name) == r.Text(name) && alike(other) {
			return other
		}
	}
	return nil
}

func (t *Type) errorf(verb string, err error) error {
	return fmt.Errorf("%s %s: %w", verb, t.Noun, err)
}
