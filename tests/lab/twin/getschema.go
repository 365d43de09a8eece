package twin

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// GetSchema implements pulumirpc.ResourceProviderServer: the package schema that follows from the tables.
func (p *Provider) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	resources := map[string]any{}
	for token, t := range types {
		inputs, required := schemaProperties(t.Inputs)
		outputs, _ := schemaProperties(t.Inputs)
		for _, name := range t.Computed {
			if _, ok := outputs[name]; !ok {
				outputs[name] = map[string]any{"type": "string"}
			}
		}
		if slices.Contains(t.Computed, "tagsAll") {
			outputs["tagsAll"] = schemaOf(tags)
		}
		resources[token] = map[string]any{"inputProperties": inputs, "requiredInputs": required, "properties": outputs}
	}
	lookups := map[string]any{}
	for token, f := range functions {
		inputs, required := schemaProperties(f.args)
		lookups[token] = map[string]any{"inputs": map[string]any{"properties": inputs, "required": required}}
	}
	schema, err := json.Marshal(map[string]any{"name": "aws", "version": Version, "resources": resources, "functions": lookups,
		"description": "A digital twin of EC2."})
	return &pulumirpc.GetSchemaResponse{Schema: string(schema)}, err
}

func schemaProperties(table map[string]Property) (properties map[string]any, required []string) {
	properties, required = map[string]any{}, []string{}
	for _, name := range slices.Sorted(maps.Keys(table)) {
		if table[name].Absent {
			continue
		}
		properties[name] = schemaOf(table[name])
		if table[name].Required {
			required = append(required, name)
		}
	}
	return properties, required
}

func schemaOf(p Property) map[string]any {
	text := map[string]any{"type": "string"}
	anything := map[string]any{"$ref": "pulumi.json#/Any"}
	s := map[string]any{}
	switch p.Kind {
	case String:
		s = map[string]any{"type": "string"}
	case Bool:
		s["type"] = "boolean"
	case Int:
		s["type"] = "integer"
	case StringList, StringSet:
		s["type"], s["items"] = "array", text
	case StringMap:
		s["type"], s["additionalProperties"] = "object", text
	case Object:
		s["type"], s["additionalProperties"] = "object", anything
	case ObjectList:
		s["type"], s["items"] = "array", map[string]any{"type": "object", "additionalProperties": anything}
	}
	if p.Replace {
		s["replaceOnChanges"] = true
	}
	return s
}
