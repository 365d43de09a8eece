package twin

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"sort"
)

// Tx is one change of the state, made while holding it.
type Tx struct {
	*State
	Account string
	Region  string
	// Elastic and Ephemeral are the first three octets of the blocks that public addresses come from.
	Elastic, Ephemeral string
	Quotas             Quotas
	Lateness           Lateness

	dir string
}

// All lists the records of the given types in the region by identifier.
func (tx *Tx) All(tokens ...string) []*Record {
	return slices.DeleteFunc(tx.Everywhere(tokens...), func(r *Record) bool { return !tx.sees(r) })
}

// Everywhere is All in every region.
func (tx *Tx) Everywhere(tokens ...string) []*Record {
	var records []*Record
	for _, r := range tx.Resources {
		if slices.Contains(tokens, r.Type) {
			records = append(records, r)
		}
	}
	sort.Slice(records, func(i, j int) bool { return records[i].ID < records[j].ID })
	return records
}

func (tx *Tx) sees(r *Record) bool { return r.Region == "" || r.Region == tx.Region }

// in is the same change, seen from another region.
func (tx *Tx) in(region string) *Tx {
	there := *tx
	there.Region = region
	return &there
}

// Find returns the record with that identifier if it is of one of the types, and in the region.
func (tx *Tx) Find(id string, tokens ...string) *Record {
	for _, key := range []string{id, tx.Region + "/" + id} {
		if r := tx.Resources[key]; r != nil && slices.Contains(tokens, r.Type) && tx.sees(r) {
			return r
		}
	}
	return nil
}

// add puts a new record into the account.
func (tx *Tx) add(r *Record) {
	tx.Resources[r.key()] = r
	tx.describe(r)
}

// Implicit adds a resource that comes with another one.
func (tx *Tx) Implicit(token string, inputs, outputs Values) *Record {
	t := types[token]
	r := &Record{ID: NewID(t.Prefix), Type: token, Region: tx.regionOf(t), Inputs: inputs, Outputs: outputs, Implicit: true}
	tx.add(r)
	return r
}

func (tx *Tx) regionOf(t *Type) string {
	if t.Global {
		return ""
	}
	return tx.Region
}

// describe fills in what every resource has.
func (tx *Tx) describe(r *Record) {
	t := types[r.Type]
	if t.ARN != "" {
		r.Outputs["arn"] = fmt.Sprintf("arn:aws:ec2:%s:%s:%s/%s", tx.Region, tx.Account, t.ARN, r.ID)
	}
	if slices.Contains(t.Computed, "ownerId") {
		r.Outputs["ownerId"] = tx.Account
	}
}

// NewID makes an identifier as EC2 does: the prefix, 0 and 16 hexadecimal digits.
func NewID(prefix string) string {
	var random [8]byte
	rand.Read(random[:]) // never fails
	return prefix + "0" + hex.EncodeToString(random[:])
}
