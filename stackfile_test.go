package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// stackFile reads the configuration that a stack's file gives this program: other packages' keys are not for it, and what is
// encrypted only its owner can read.
func stackFile(t *testing.T, path string) stack {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var file struct {
		Config map[string]any `json:"config"`
	}
	require.NoError(t, yaml.Unmarshal(text, &file), path)
	values := stack{}
	for full, value := range file.Config {
		key, mine := strings.CutPrefix(full, "ecommerce-platform:")
		if !mine || encryptedValue(value) {
			continue
		}
		encoded, isText := value.(string)
		if !isText {
			document, err := json.Marshal(value)
			require.NoError(t, err)
			encoded = string(document)
		}
		values[key] = encoded
	}
	return values
}

// encryptedValue tells whether a value, or one inside of it, is encrypted.
func encryptedValue(value any) bool {
	switch value := value.(type) {
	case map[string]any:
		if _, ok := value["secure"].(string); ok && len(value) == 1 {
			return true
		}
		for _, item := range value {
			if encryptedValue(item) {
				return true
			}
		}
	case []any:
		for _, item := range value {
			if encryptedValue(item) {
				return true
			}
		}
	}
	return false
}

// problemsOf is what the program finds wrong with a stack before it registers anything.
func problemsOf(t *testing.T, values stack) error {
	t.Helper()
	if _, ok := values["adminCidrs"]; !ok {
		values = values.with("adminCidrs", `["203.0.113.7/32"]`)
	}
	var found error
	_, err := runProgram(t, func(ctx *pulumi.Context) error {
		config, problems := loadConfig(ctx)
		found = config.check(problems)
		return nil
	}, values, secrets())
	require.NoError(t, err)
	return found
}

// What `pulumi new` makes of this repository is accepted as it is.
func TestNewProject(t *testing.T) {
	own := projectFile
	t.Cleanup(func() { projectFile = own })
	projectFile = append(slices.Clone(own), "\n  pulumi:tags:\n    value:\n      pulumi:template: https://example.com/platform\n"...)
	require.NoError(t, problemsOf(t, stackFile(t, "Pulumi.dev.yaml")))

	t.Run("but for another name", func(t *testing.T) {
		t.Setenv(pulumi.EnvConfig, `{"ecommerce-platform:nodes": "[]", "aws:region": "eu-central-1"}`)
		ctx, err := pulumi.NewContext(t.Context(), pulumi.RunInfo{Project: "shop", Stack: "dev"})
		require.NoError(t, err)
		_, problems := loadConfig(ctx)
		require.Len(t, problems, 1)
		assert.EqualError(t, problems[0], "ecommerce-platform:nodes \"[]\": is not read, since the project's name is \"shop\"; `pulumi new` takes --name ecommerce-platform")
	})
}

// What a user sets is written into Pulumi.dev.yaml. It is the user's, and must not decide whether the tests pass.
func TestStackFile(t *testing.T) {
	t.Run("the one that is there is accepted", func(t *testing.T) {
		require.NoError(t, problemsOf(t, stackFile(t, "Pulumi.dev.yaml")))
	})
	t.Run("with what README has users set", func(t *testing.T) {
		shipped, err := os.ReadFile("tests/testdata/stack.yaml")
		require.NoError(t, err)
		path := filepath.Join(t.TempDir(), "Pulumi.dev.yaml")
		require.NoError(t, os.WriteFile(path, append([]byte("encryptionsalt: v1:somebody:else\n"), append(shipped, `
  aws:region: eu-central-1
  ecommerce-platform:adminCidrs: [198.51.100.0/24]
  ecommerce-platform:keySeed: {secure: "v1:x"}
  ecommerce-platform:databasePassword: {secure: "v1:y"}
  ecommerce-platform:mirrors: {packagesKey: {secure: "v1:z"}}
`...)...), 0o600))
		values := stackFile(t, path)
		require.NoError(t, problemsOf(t, values))
		assert.Equal(t, "[\"198.51.100.0/24\"]", values["adminCidrs"])
		assert.Contains(t, values, "nodes")
		assert.NotContains(t, values, "aws:region")
		for _, key := range []string{"keySeed", "databasePassword", "mirrors"} {
			assert.NotContains(t, values, key, "only its owner can read it")
		}
	})
	t.Run("one that is wrong is told by its key", func(t *testing.T) {
		require.ErrorContains(t, problemsOf(t, stackFile(t, "tests/testdata/stack.yaml").with("nodePort", "80")), "nodePort 80: ")
	})
}

// What the documentation shows can be copied.
func TestExamples(t *testing.T) {
	files, err := filepath.Glob("docs/examples/Pulumi.*.yaml")
	require.NoError(t, err)
	whole := []string{"three-workers", "replicas"}
	require.Len(t, files, len(whole)+len(allLayers))
	for _, name := range whole {
		t.Run(name, func(t *testing.T) {
			_, err := run(t, stackFile(t, "docs/examples/Pulumi."+name+".yaml"), secrets())
			require.NoError(t, err)
		})
	}
	t.Run("three stacks", func(t *testing.T) {
		s := newSplit(t)
		for _, layer := range allLayers {
			// The mocks' stack has a name of its own, from which none of the others' follows.
			s.values[layer] = stackFile(t, "docs/examples/Pulumi.prod-"+layer+".yaml").
				with("infraStack", s.values[layer]["infraStack"]).with("clusterStack", s.values[layer]["clusterStack"])
			_, err := s.up(t, layer)
			require.NoError(t, err, layer)
		}
	})
}
