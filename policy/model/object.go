package model

import (
	"encoding/json"
	"fmt"
)

// Object is a Kubernetes object that the program declares.
type Object[T any] struct {
	*Resource
	// Value is the object without what is unknown; ask the Resource before trusting that a field is empty.
	Value T
	// Malformed says why the object is none of its kind, such as a quantity "lots". Value is then incomplete.
	Malformed error
}

func newObject[T any](r *Resource) Object[T] {
	o := Object[T]{Resource: r}
	body, err := json.Marshal(r.plain)
	if err == nil {
		err = json.Unmarshal(body, &o.Value)
	}
	if err != nil {
		o.Malformed = fmt.Errorf("%s: %w", r, err)
	}
	return o
}
