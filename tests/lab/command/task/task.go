// Package task is what the provider asks of a resource: one run, with its inputs and the output of the run before.
package task

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// Operation is the step of the resource's life that the run belongs to.
type Operation string

// The operations.
const (
	Create Operation = "create"
	Update Operation = "update"
	Delete Operation = "delete"
)

// Logger shows the user what happens.
type Logger interface {
	// Status shows a line for as long as it is the last one.
	Status(line string)
	// Warning and Error stay in the summary.
	Warning(message string)
	Error(message string)
}

// Output is what the last run wrote.
type Output struct{ Stdout, Stderr string }

// Task is one run.
type Task struct {
	Operation Operation
	// Inputs are the new ones, or the state's for Delete.
	Inputs resource.PropertyMap
	// Old are the inputs of the run before, for Update.
	Old      resource.PropertyMap
	Previous Output
	Log      Logger
}

// Decode fills a struct with JSON tags from properties. Unknown values stay unset, unknown keys are errors.
func Decode(properties resource.PropertyMap, into any) error {
	plain := properties.MapRepl(nil, plainValue)
	body, err := json.Marshal(plain)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

// plainValue looks into secrets and leaves out what is not known, or is no JSON.
func plainValue(v resource.PropertyValue) (any, bool) {
	switch {
	case v.IsSecret():
		return v.SecretValue().Element.MapRepl(nil, plainValue), true
	case v.IsOutput() && v.OutputValue().Known:
		return v.OutputValue().Element.MapRepl(nil, plainValue), true
	}
	return nil, v.IsComputed() || v.IsOutput() || v.IsAsset() || v.IsArchive()
}

// Default sets a property that is unset.
func Default(properties resource.PropertyMap, key resource.PropertyKey, value any) {
	if old, ok := properties[key]; !ok || old.IsNull() {
		properties[key] = resource.NewPropertyValue(value)
	}
}

// Missing returns a failure for each key that properties lack.
func Missing(properties resource.PropertyMap, prefix string, keys ...resource.PropertyKey) []plugin.CheckFailure {
	var failures []plugin.CheckFailure
	for _, key := range keys {
		if value, ok := properties[key]; !ok || value.IsNull() {
			name := resource.PropertyKey(prefix) + key
			failures = append(failures, plugin.CheckFailure{
				Property: name, Reason: fmt.Sprintf("missing required property '%s'", name),
			})
		}
	}
	return failures
}
