package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"ecommerce-platform/tests/pulumitest"
)

// declaredKey is what Pulumi.yaml says of a key, and the group it stands in there.
type declaredKey struct {
	Name, Group string
	Type        string
	Description string
	Secret      bool
	Default     any
}

// declaredKeys are the keys as Pulumi.yaml lists them. A comment above a key begins a group of that name.
func declaredKeys(t *testing.T) []declaredKey {
	t.Helper()
	var project struct{ Config yaml.Node }
	require.NoError(t, yaml.Unmarshal(projectFile, &project))
	var keys []declaredKey
	group := ""
	for i := 0; i < len(project.Config.Content); i += 2 {
		name, value := project.Config.Content[i], project.Config.Content[i+1]
		if comment := strings.TrimPrefix(name.HeadComment, "# "); comment != "" {
			group = comment
		}
		key := declaredKey{Name: name.Value, Group: group}
		require.NoError(t, value.Decode(&key), name.Value)
		keys = append(keys, key)
	}
	return keys
}

// The engine refuses a default of the wrong type only when somebody runs it; this says so sooner.
func TestEveryConfigKeyIsDescribed(t *testing.T) {
	for _, key := range declaredKeys(t) {
		assert.NotEmpty(t, key.Description, key.Name)
		assert.NotNil(t, key.Default, key.Name)
		assert.NotEmpty(t, key.Group, key.Name)
		assert.Equal(t, key.Type == "", key.Secret, "%s: only the secrets have no type", key.Name)
	}
}

const configurationPage = "docs/configuration.md"

// What has to be set comes first, the rest as Pulumi.yaml groups it.
func TestConfigurationPageListsEveryKey(t *testing.T) {
	const required = "To be set"
	var groups []string
	rows := map[string]string{}
	for _, key := range declaredKeys(t) {
		group := key.Group
		if strings.HasPrefix(key.Description, "Required") {
			group = required
		}
		if rows[group] == "" && group != required {
			groups = append(groups, group)
		}
		rows[group] += row(t, key)
	}
	tables := ""
	for _, group := range append([]string{required}, groups...) {
		tables += "\n## " + group + "\n\n| key | default | what it is | changed later |\n| --- | --- | --- | --- |\n" + rows[group]
	}
	tables += "\n"
	pulumitest.Section(t, configurationPage, "keys", tables)
}

func row(t *testing.T, key declaredKey) string {
	t.Helper()
	value, err := json.Marshal(key.Default)
	require.NoError(t, err)
	shown := "`" + strings.Trim(string(value), `"`) + "`"
	if key.Default == "" {
		shown = ""
	}
	what, later, ok := strings.Cut(key.Description, " Later: ")
	assert.True(t, ok, "%s: the description ends with what changing the key later does", key.Name)
	return "| `" + key.Name + "` | " + shown + " | " + what + " | " + later + " |\n"
}
