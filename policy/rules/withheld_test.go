package rules_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/rules"
)

// findings are what a rule says of the resources, by resource, and what it could not evaluate.
func findings(rule rules.Rule, resources []policyx.AnalyzerResource) (found map[string]string, gaps []string) {
	stack := model.Read(resources)
	found = map[string]string{}
	for _, finding := range rule.Check(stack) {
		found[finding.Resource] += finding.Message + "\n"
	}
	return found, modeltest.Gaps(stack)
}

// connected makes the connections of a stack known, as they are once it is deployed.
func connected() modeltest.Change {
	return func(t testing.TB, resources []policyx.AnalyzerResource) []policyx.AnalyzerResource {
		t.Helper()
		for i := range resources {
			if resources[i].Type == model.CommandType {
				properties := resources[i].Properties
				properties = properties.Set("connection", secretOf(map[string]any{"host": "192.0.2.1", "perDialTimeout": 5, "hostKey": hostKey}))
				resources[i].Properties = properties.Set("create", property.New("true"))
			}
		}
		return resources
	}
}

// TestASnapshotIsJudgedAsTheStackIs reads every fixture again from what a preview keeps of it, without its secrets.
func TestASnapshotIsJudgedAsTheStackIs(t *testing.T) {
	said := 0
	for _, theme := range fixtures {
		for name, cases := range theme {
			rule := find(t, name)
			for _, f := range cases {
				resources := modeltest.Resources(t, "dev-preview.json", append([]modeltest.Change{connected()}, f.changes...)...)
				want, wantGaps := findings(rule, resources)
				got, gaps := findings(rule, modeltest.Saved(t, resources))
				assert.Equal(t, want, got, "%s: %s", name, f.what)
				assert.Equal(t, wantGaps, gaps, "%s: %s", name, f.what)
				said += len(want)
			}
		}
	}
	assert.Positive(t, said, "no rule said anything, which proves nothing")
}

// TestAMarkIsNoFault marks all texts of a stack: that nothing of them is told breaks no rule that they keep.
func TestAMarkIsNoFault(t *testing.T) {
	resources := modeltest.Resources(t, "dev-preview.json", connected(), modeltest.Secret())
	saved := modeltest.Saved(t, resources)
	for _, rule := range rules.All {
		want, _ := findings(rule, resources)
		got, _ := findings(rule, saved)
		for about := range got {
			assert.NotEmpty(t, want[about], "%s: %s: %s", rule.Name, about, got[about])
		}
	}
}

// What is asked of a value that is not told is answered where the answer is that it is there, or secret.
func TestThatAValueIsSetAndSecretIsKnown(t *testing.T) {
	for name, c := range map[string]struct {
		rule, says string
		change     modeltest.Change
	}{
		"a command line": {
			"no-secret-in-command", "create of platform-worker-node-1-join holds a value that the program keeps secret",
			set(model.CommandType, "platform-worker-node-1-join", "create", secretOf("echo 1")),
		},
		"a variable": {
			"secrets-not-literal", "has a value that the program keeps secret",
			deployment(backend, container+"env", []any{map[string]any{"name": "GREETING", "value": secretOf("hello")}}),
		},
		"an argument": {
			"secrets-not-literal", "args of container backend has a value that the program keeps secret",
			deployment(backend, container+"args", []any{secretOf("hello")}),
		},
		"a key of a ConfigMap": {
			"secrets-not-literal", `key "greeting" of ConfigMap`, set(configMapType, "shop-redis-config", "data.greeting", secretOf("hello")),
		},
	} {
		t.Run(name, func(t *testing.T) {
			stack := model.Read(modeltest.Saved(t, modeltest.Resources(t, "dev-preview.json", c.change)))
			found := find(t, c.rule).Check(stack)
			require.Len(t, found, 1)
			assert.Contains(t, found[0].Message, c.says)
		})
	}
}
