package preview

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"sigs.k8s.io/yaml"

	"ecommerce-platform/tests/lab/engine"
)

// configFile is the stack's checked-in configuration, which the preview starts from.
const configFile = "Pulumi.dev.yaml"

// placeholders stand in for the secrets that the program requires: fixed, so that two previews differ only in what the
// program does, and public, so they are worth nothing. Nothing is ever deployed with them.
var placeholders = map[string]string{
	"keySeed":          "a placeholder for previews, never deployed with",
	"databasePassword": "a placeholder for previews",
}

// defaults are values that a person must choose and a preview can do without: a documentation address (RFC 5737) and
// the region whose prices the estimate takes.
var defaults = map[string]any{
	"adminCidrs": []any{"203.0.113.7/32"},
	"aws:region": "eu-central-1",
}

// configure gives the stack the checked-in config, defaults for what that leaves open, and placeholders for secrets. It
// returns the keys whose values it cannot read, because their owner's key encrypts them.
func configure(ctx context.Context, stack *engine.Stack, program string, changes map[string]any) ([]string, error) {
	project, config, err := checkedIn(program)
	if err != nil {
		return nil, err
	}
	values := map[string]any{}
	for key, value := range defaults {
		if _, set := config[full(project, key)]; !set {
			values[key] = value
		}
	}
	var replaced []string
	for _, key := range slices.Sorted(maps.Keys(config)) {
		if encrypted(config[key]) {
			values[key] = nil
			replaced = append(replaced, key)
		}
	}
	maps.Copy(values, changes)
	if err := stack.Configure("dev", values); err != nil {
		return nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(placeholders)) {
		if err := stack.SetSecret(ctx, key, placeholders[key]); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	return replaced, nil
}

// checkedIn reads the project's name and the config of configFile.
func checkedIn(program string) (string, map[string]any, error) {
	var project struct{ Name string }
	var stack struct{ Config map[string]any }
	for name, into := range map[string]any{"Pulumi.yaml": &project, configFile: &stack} {
		path := filepath.Join(program, name)
		body, err := os.ReadFile(path)
		if err != nil {
			return "", nil, err
		}
		if err := yaml.Unmarshal(body, into); err != nil {
			return "", nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return project.Name, stack.Config, nil
}

// full is a key as a stack's file has it. Keys without a project belong to the program.
func full(project, key string) string {
	if slices.Contains([]byte(key), ':') {
		return key
	}
	return project + ":" + key
}

// encrypted tells whether a value, or anything in it, is a secret.
func encrypted(value any) bool {
	switch value := value.(type) {
	case map[string]any:
		if _, secret := value["secure"].(string); secret && len(value) == 1 {
			return true
		}
		return slices.ContainsFunc(slices.Collect(maps.Values(value)), encrypted)
	case []any:
		return slices.ContainsFunc(value, encrypted)
	}
	return false
}
