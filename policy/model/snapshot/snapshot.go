// Package snapshot keeps the resources that the engine passes to a policy pack as JSON, unknowns and outputs included, so that
// they can be reviewed elsewhere and later. Secrets are not in what Save writes.
package snapshot

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"
)

// File is the environment variable that names the file for the resources.
const File = "PLATFORM_RESOURCES"

// Bounds of what Decode reads.
const (
	maxBytes     = 32 << 20
	maxResources = 10_000
)

// Save writes the resources, without their secrets and by URN, to the file that the environment names, if it names one.
func Save(resources []policyx.AnalyzerResource) error {
	path := os.Getenv(File)
	if path == "" {
		return nil
	}
	redacted := Redact(resources)
	slices.SortFunc(redacted, func(a, b policyx.AnalyzerResource) int { return strings.Compare(a.URN, b.URN) })
	body, err := Encode(redacted)
	if err != nil {
		return fmt.Errorf("%s: %w", File, err)
	}
	if err := os.WriteFile(path, append(body, '\n'), 0o644); err != nil {
		return fmt.Errorf("%s %q: %w", File, path, err)
	}
	return nil
}

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
	for n, r := range resources {
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
			Dependencies:  sorted(r.Dependencies), PropertyDependencies: map[string][]string{},
			Properties: body,
		})
		for name, urns := range r.PropertyDependencies {
			entries[n].PropertyDependencies[name] = sorted(urns)
		}
	}
	return json.MarshalIndent(entries, "", " ")
}

// sorted are URNs in an order that is the same in each run of the engine.
func sorted(urns []string) []string { return slices.Sorted(slices.Values(urns)) }

// Decode is the inverse of Encode, but for secrets that Redact has marked: those are model.Withheld. It takes no more than 32 MiB and 10,000 resources, and none that is not what its URN says.
func Decode(body []byte) ([]policyx.AnalyzerResource, error) {
	if len(body) > maxBytes {
		return nil, fmt.Errorf("%d bytes: at most %d", len(body), maxBytes)
	}
	var entries []entry
	if err := json.Unmarshal(body, &entries); err != nil {
		return nil, err
	}
	if len(entries) > maxResources {
		return nil, fmt.Errorf("%d resources: at most %d", len(entries), maxResources)
	}
	seen := map[string]bool{}
	resources := make([]policyx.AnalyzerResource, 0, len(entries))
	for i, e := range entries {
		if err := e.check(); err != nil {
			return nil, fmt.Errorf("resources[%d] %q: %w", i, e.URN, err)
		}
		if seen[e.URN] {
			return nil, fmt.Errorf("resources[%d] %q: is there twice", i, e.URN)
		}
		seen[e.URN] = true
		properties, err := decodeProperties(e.Properties)
		if err != nil {
			return nil, fmt.Errorf("resources[%d] %q: %w", i, e.URN, err)
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

// check compares the type and the name with those of the URN.
func (e entry) check() error {
	id, err := urn.Parse(e.URN)
	if err != nil {
		return err
	}
	if string(id.Type()) != e.Type || id.Name() != e.Name {
		return fmt.Errorf("type %q, name %q: the URN has others", e.Type, e.Name)
	}
	return nil
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
	return withhold(property.New(resource.FromResourcePropertyMap(properties)), false).AsMap(), nil
}
