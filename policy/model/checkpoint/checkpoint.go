// Package checkpoint reads what a stack holds, as `pulumi stack export` writes it, the way a policy pack gets what the program
// declares.
package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"ecommerce-platform/policy/model"
)

// version is that of the deployments that this package reads.
const version = 3

// Read returns the resources of an exported stack, each with what the program declared laid over what the provider answered.
// Secrets are encrypted there: they are unknown. Resources that wait for their deletion are left out.
func Read(body []byte) ([]policyx.AnalyzerResource, error) {
	var exported struct {
		Version    int                   `json:"version"`
		Deployment *apitype.DeploymentV3 `json:"deployment"`
	}
	if err := json.Unmarshal(body, &exported); err != nil {
		return nil, err
	}
	switch {
	case exported.Deployment == nil:
		return nil, errors.New("deployment <unset>: required, as `pulumi stack export` writes it")
	case exported.Version > version:
		return nil, fmt.Errorf("version %d: this pack reads up to %d", exported.Version, version)
	}
	var resources []policyx.AnalyzerResource
	for _, r := range exported.Deployment.Resources {
		if r.Delete {
			continue
		}
		inputs := object(r.Inputs)
		resources = append(resources, policyx.AnalyzerResource{
			URN: string(r.URN), Type: string(r.Type), Name: r.URN.Name(), Parent: string(r.Parent),
			Options:      pulumi.ResourceOptions{Protect: r.Protect, IgnoreChanges: r.IgnoreChanges},
			Dependencies: texts(r.Dependencies), PropertyDependencies: dependencies(r.PropertyDependencies),
			Properties: model.Declared(inputs, model.Answer(string(r.Type), inputs, object(r.Outputs))),
		})
	}
	return resources, nil
}

func texts(urns []resource.URN) []string {
	var list []string
	for _, urn := range urns {
		list = append(list, string(urn))
	}
	return list
}

func dependencies(of map[resource.PropertyKey][]resource.URN) map[string][]string {
	byName := map[string][]string{}
	for key, urns := range of {
		byName[string(key)] = texts(urns)
	}
	return byName
}

func object(values map[string]any) property.Map {
	properties := map[string]property.Value{}
	for key, item := range values {
		properties[key] = value(item)
	}
	return property.NewMap(properties)
}

// value reads a value as the state has it: JSON, in which objects with a signature stand for what JSON has no word for.
func value(stored any) property.Value {
	switch stored := stored.(type) {
	case string:
		if sig.IsUnknown(stored) {
			return property.New(property.Computed)
		}
		return property.New(stored)
	case float64:
		return property.New(stored)
	case bool:
		return property.New(stored)
	case []any:
		items := make([]property.Value, 0, len(stored))
		for _, item := range stored {
			items = append(items, value(item))
		}
		return property.New(items)
	case map[string]any:
		switch stored[sig.Key] {
		case nil:
			return property.New(object(stored))
		case sig.Secret:
			return property.New(property.Computed).WithSecret(true)
		default:
			return property.New(property.Computed) // an asset, or a reference to a resource, which nothing here looks into
		}
	default:
		return property.New(property.Null)
	}
}
