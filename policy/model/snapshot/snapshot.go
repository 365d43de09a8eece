// Package snapshot keeps what the engine tells a policy pack as JSON, unknowns, secrets and outputs included, so that a
// preview that was captured once can be a fixture.
package snapshot

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"
)

// entry is one resource. Its properties are as on the wire between the engine and a pack.
type entry struct {
	URN                  string              `json:"urn"`
	Type                 string              `json:"type"`
	Name                 string              `json:"name"`
	Parent               string              `json:"parent,omitempty"`
	Protect              bool                `json:"protect,omitempty"`
	IgnoreChanges        []string            `json:"ignoreChanges,omitempty"`
	SecretOutputs        []string            `json:"additionalSecretOutputs,omitempty"`
	Dependencies         []string            `json:"dependencies,omitempty"`
	PropertyDependencies map[string][]string `json:"propertyDependencies,omitempty"`
	Properties           json.RawMessage     `json:"properties"`
}

var wire = plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, KeepResources: true, KeepOutputValues: true}

// Encode returns the resources as JSON.
func Encode(resources []policyx.AnalyzerResource) ([]byte, error) {
	entries := make([]entry, 0, len(resources))
	for _, r := range resources {
		properties, err := plugin.MarshalProperties(resource.ToResourcePropertyMap(r.Properties), wire)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.URN, err)
		}
		body, err := protojson.Marshal(properties)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.URN, err)
		}
		entries = append(entries, entry{
			URN: r.URN, Type: r.Type, Name: r.Name, Parent: r.Parent,
			Protect: r.Options.Protect, IgnoreChanges: r.Options.IgnoreChanges,
			SecretOutputs: r.Options.AdditionalSecretOutputs,
			Dependencies:  r.Dependencies, PropertyDependencies: r.PropertyDependencies,
			Properties: body,
		})
	}
	return json.MarshalIndent(entries, "", " ")
}

// Decode is the inverse of Encode.
func Decode(body []byte) ([]policyx.AnalyzerResource, error) {
	var entries []entry
	if err := json.Unmarshal(body, &entries); err != nil {
		return nil, err
	}
	resources := make([]policyx.AnalyzerResource, 0, len(entries))
	for _, e := range entries {
		properties, err := decodeProperties(e.Properties)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.URN, err)
		}
		resources = append(resources, policyx.AnalyzerResource{
			URN: e.URN, Type: e.Type, Name: e.Name, Parent: e.Parent,
			Options: pulumi.ResourceOptions{
				Protect: e.Protect, IgnoreChanges: e.IgnoreChanges, AdditionalSecretOutputs: e.SecretOutputs,
			},
			Dependencies: e.Dependencies, PropertyDependencies: e.PropertyDependencies,
			Properties: properties,
		})
	}
	return resources, nil
}

func decodeProperties(body []byte) (property.Map, error) {
	message := &structpb.Struct{}
	if err := protojson.Unmarshal(body, message); err != nil {
		return property.Map{}, err
	}
	properties, err := plugin.UnmarshalProperties(message, wire)
	if err != nil {
		return property.Map{}, err
	}
	return resource.FromResourcePropertyMap(properties), nil
}
