package rules_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/rules"
)

// fixture is the dev stack with something changed in it.
type fixture struct {
	what    string
	changes []modeltest.Change
	// message is part of what the rule says of it, and resource the name of what it says that of; both empty where it says
	// nothing.
	message, resource string
	// unevaluated is what must be reported as not evaluated; without any, nothing may be.
	unevaluated string
}

func change(changes ...modeltest.Change) []modeltest.Change { return changes }

// The first preview knows no command line and no connection.
var firstPreview = map[string]bool{"host-key-pinned": true, "no-secret-in-command": true, "version-skew": true}

// fixtures are those of every theme.
var fixtures = []map[string][]fixture{
	infraFixtures, quotaFixtures, clusterFixtures, workloadFixtures, objectFixtures, podFixtures, inventoryFixtures, autoscalerFixtures, scheduleFixtures,
	postgresFixtures,
}

func TestRules(t *testing.T) {
	tested := map[string]bool{}
	for _, theme := range fixtures {
		for name, cases := range theme {
			tested[name] = true
			t.Run(name, func(t *testing.T) { testRule(t, name, cases) })
		}
	}
	for _, rule := range rules.All {
		assert.True(t, tested[rule.Name], "rule %s has no fixtures", rule.Name)
	}
}

func testRule(t *testing.T, name string, cases []fixture) {
	rule := find(t, name)
	failing, passing := false, false
	for _, f := range cases {
		t.Run(f.what, func(t *testing.T) {
			stack := modeltest.Dev(t, f.changes...)
			before := modeltest.Gaps(stack)
			findings := rule.Check(stack)
			if f.message == "" {
				passing = true
				assert.Empty(t, findings)
			} else {
				failing = true
				require.Len(t, findings, 1)
				assert.Contains(t, findings[0].Message, f.message)
				assert.Contains(t, findings[0].Message, "; "+rule.Remedy)
				require.NotNil(t, stack.ByURN(findings[0].Resource), findings[0].Resource)
				assert.Equal(t, f.resource, stack.ByURN(findings[0].Resource).Name)
			}
			if f.unevaluated != "" {
				assert.Contains(t, modeltest.Gaps(stack), f.unevaluated)
			} else if !firstPreview[name] {
				assert.Equal(t, before, modeltest.Gaps(stack))
			}
		})
	}
	assert.True(t, failing, "no fixture breaks the rule")
	assert.True(t, passing, "no fixture keeps the rule")
}

func find(t *testing.T, name string) rules.Rule {
	t.Helper()
	for _, rule := range rules.All {
		if rule.Name == name {
			return rule
		}
	}
	require.Failf(t, "no such rule", name)
	return rules.Rule{}
}

func TestDevStackBreaksNoRule(t *testing.T) {
	for _, rule := range rules.All {
		findings := rule.Check(modeltest.Dev(t, server, set(model.ClusterType, "platform", "calicoVersion", "3.28.5")))
		switch rule.Name {
		case "data-tiers-used":
			assert.Len(t, findings, 1, "nginx in the backend's place, as the architecture has it, asks nobody")
		case "image-digest":
			assert.Len(t, findings, 3, "nginx, redis and postgres are named by tag, as the architecture has them")
		case "vcpu-quota":
			assert.Len(t, findings, 1, "three t3.medium are more than a new account may run")
		default:
			assert.Empty(t, findings, rule.Name)
		}
	}
}

// A stack that holds one layer knows nothing of the others, and nothing of that may be an alarm.
func TestLayersBreakNoRule(t *testing.T) {
	for _, layer := range []string{"infra", "cluster", "workloads"} {
		for _, rule := range rules.All {
			if rule.Level == policyx.EnforcementLevelMandatory {
				assert.Empty(t, rule.Check(modeltest.Dev(t, modeltest.Layer(layer))), "%s: %s", layer, rule.Name)
			}
		}
	}
}

func TestBlocksOfOtherStacksAreNotEvaluated(t *testing.T) {
	for layer, want := range map[string]string{
		"infra": "cidrs-apart: podCidr and serviceCidr are in another stack", "cluster": "cidrs-apart: the VPC is in another stack",
	} {
		stack := modeltest.Dev(t, modeltest.Layer(layer))
		find(t, "cidrs-apart").Check(stack)
		assert.Contains(t, modeltest.Gaps(stack), want)
	}
}

func TestEveryRuleSaysWhatItIs(t *testing.T) {
	seen := map[string]bool{}
	for _, rule := range rules.All {
		assert.Regexp(t, `^[a-z0-9]+(-[a-z0-9]+)*$`, rule.Name)
		assert.False(t, seen[rule.Name], rule.Name)
		seen[rule.Name] = true
		assert.Contains(t, []policyx.EnforcementLevel{policyx.EnforcementLevelMandatory, policyx.EnforcementLevelAdvisory}, rule.Level, rule.Name)
		assert.NotEmpty(t, rule.Description, rule.Name)
		assert.NotEmpty(t, rule.Remedy, rule.Name)
	}
}

// An object in a namespace that only a deployment tells is in no namespace, not in "default".
func TestAnUnknownNamespaceIsNotDefault(t *testing.T) {
	stack := modeltest.Dev(t, modeltest.Unknown(serviceType, "shop-backend", "metadata.namespace"))
	find(t, "service-selects-pods").Check(stack)
	assert.Contains(t, modeltest.Gaps(stack), serviceType+" shop-backend metadata.namespace")
}

func TestARuleThatEvaluatesNothingSaysSo(t *testing.T) {
	stack := modeltest.Dev(t)
	for _, rule := range rules.All {
		rule.Check(stack)
	}
	assert.Equal(t, []string{"certificates-last", "host-key-pinned", "kubeconfigs-last"}, stack.BlindRules(), "the first preview knows no connection, and no cluster")
	stack = modeltest.Dev(t, modeltest.Unknown(serviceType, "shop-backend", "spec.selector"))
	find(t, "service-selects-pods").Check(stack)
	assert.Empty(t, stack.BlindRules(), "it looked at the other Services")
}
