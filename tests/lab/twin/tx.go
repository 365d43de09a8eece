package twin

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
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

	dir string
}

// All lists the records of the given types by identifier.
func (tx *Tx) All(tokens ...string) []*Record {
	var records []*Record
	for _, r := range tx.Resources {
		if contains(tokens, r.Type) {
			records = append(records, r)
		}
	}
	sort.Slice(records, func(i, j int) bool { return records[i].ID < records[j].ID })
	return records
}

// Find returns the record with that identifier if it is of one of the types.
func (tx *Tx) Find(id string, tokens ...string) *Record {
	if r := tx.Resources[id]; r != nil && contains(tokens, r.Type) {
		return r
	}
	return nil
}

// Implicit adds a resource that comes with another one.
func (tx *Tx) Implicit(token string, inputs, outputs Values) *Record {
	r := &Record{ID: NewID(types[token].Prefix), Type: token, Inputs: inputs, Outputs: outputs, Implicit: true}
	tx.Resources[r.ID] = r
	tx.describe(r)
	return r
}

// describe fills in what every resource has.
func (tx *Tx) describe(r *Record) {
	t := types[r.Type]
	if t.ARN != "" {
		r.Outputs["arn"] = fmt.Sprintf("arn:aws:ec2:%s:%s:%s/%s", tx.Region, tx.Account, t.ARN, r.ID)
	}
	if contains(t.Computed, "ownerId") {
		r.Outputs["ownerId"] = tx.Account
	}
}

// NewID makes an identifier as EC2 does: the prefix, 0 and 16 hexadecimal digits.
func NewID(prefix string) string {
	var random [8]byte
	rand.Read(random[:]) // never fails
	return prefix + "0" + hex.EncodeToString(random[:])
}
