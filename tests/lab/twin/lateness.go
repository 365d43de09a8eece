package twin

import (
	"context"
	"maps"
	"slices"
)

// Lateness is how many requests EC2 answers as if it had not heard yet of what was just made or given back. Zero, the default,
// is never. Only answers that reach a program are here. Others the AWS provider waits for, or asks again: until a new group,
// address or association is listed, and for two minutes where EC2 does not know a role or an instance profile yet.
// https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
type Lateness struct {
	// Groups is for a security group that is new: a rule or an instance that names it is refused.
	Groups int
	// Addresses is for the private address of an instance that was terminated: the next instance is refused it.
	Addresses int
}

// parseLateness reads text such as "groups=3,addresses=1".
func parseLateness(text string) (Lateness, error) {
	var lateness Lateness
	err := parseNumbers("TWIN_LATE", text, map[string]*int{"groups": &lateness.Groups, "addresses": &lateness.Addresses})
	return lateness, err
}

// delay lets the next requests that name a thing be refused.
func (tx *Tx) delay(key string, requests int) {
	if requests > 0 {
		tx.Late[key] = requests
	}
}

// overdue tells whether EC2 has not heard of the thing yet, and counts the request.
func (tx *Tx) overdue(key string) bool {
	left, ok := tx.Late[key]
	if left--; left > 0 {
		tx.Late[key] = left
	} else {
		delete(tx.Late, key)
	}
	return ok
}

func addressKey(subnet, address string) string { return subnet + "/" + address }

// late refuses a request that comes too early. That is remembered, though the request changes nothing else.
func (p *Provider) late(ctx context.Context, t *Type, in Values) error {
	if p.lateness == (Lateness{}) {
		return nil
	}
	var refusal error
	err := p.with(ctx, func(tx *Tx) error {
		refusal = tx.tooEarly(t, in)
		return nil
	})
	if err != nil {
		return err
	}
	return refusal
}

func (tx *Tx) tooEarly(t *Type, in Values) error {
	for _, name := range slices.Sorted(maps.Keys(t.Inputs)) {
		ref := t.Inputs[name].Refers
		if ref == nil || !slices.Contains(ref.Types, securityGroupToken) {
			continue
		}
		for _, id := range identifiers(in, name) {
			if tx.overdue(id) {
				return refuse(ref.Code, ref.Message, id)
			}
		}
	}
	if address := in.Text("privateIp"); t.Token == instanceToken && tx.overdue(addressKey(in.Text("subnetId"), address)) {
		return refuse("InvalidIPAddress.InUse", "Address %s is in use.", address)
	}
	return nil
}
