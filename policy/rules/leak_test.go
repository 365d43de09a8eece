package rules_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/stretchr/testify/assert"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/rules"
)

var words = regexp.MustCompile(`\pL+`)

// TestNoMessageHoldsASecret runs every rule over the stacks of every fixture with each text in them secret.
func TestNoMessageHoldsASecret(t *testing.T) {
	messages := 0
	for _, theme := range fixtures {
		for _, cases := range theme {
			for _, f := range cases {
				if f.message == "" {
					continue // no rule is broken
				}
				resources := modeltest.Resources(t, "dev-preview.json", append(f.changes[:len(f.changes):len(f.changes)], modeltest.Secret())...)
				texts := map[string]bool{}
				for _, r := range resources {
					collect(texts, property.New(r.Properties))
				}
				stack := model.Read(resources)
				var said strings.Builder
				for _, rule := range rules.All {
					for _, finding := range rule.Check(stack) {
						messages++
						said.WriteString(strings.TrimSuffix(finding.Message, rule.Remedy) + "\n")
					}
				}
				all := strings.ReplaceAll(said.String(), model.Redacted, "")
				all = words.ReplaceAllStringFunc(all, func(word string) string {
					if _, secret := texts[word]; !secret && model.IsOwnWord(word) {
						return "" // it says nothing of what is inside
					}
					return word
				})
				for text, open := range texts {
					assert.False(t, !open && len(text) > 3 && strings.Contains(all, text), "%s: a message holds %q\n%s", f.what, text, all)
				}
			}
		}
	}
	assert.Positive(t, messages, "no rule said anything, which proves nothing")
}

// TestNoMessageHoldsAPassword puts a password into the middle of each value of the environment, which the program does not keep secret.
func TestNoMessageHoldsAPassword(t *testing.T) {
	const password = "correct-horse-battery"
	said := 0
	for _, text := range []string{"postgres://shop:" + password + "@nowhere:1/shop", "http://$(X_SERVICE_HOST)/" + password} {
		stack := modeltest.Dev(t, deployment("shop-frontend", "spec.template.spec.containers[0].env", []any{
			map[string]any{"name": "DATABASE_URL", "value": text},
		}))
		for _, rule := range rules.All {
			for _, finding := range rule.Check(stack) {
				said++
				assert.NotContains(t, finding.Message, password, rule.Name)
			}
		}
	}
	assert.Positive(t, said)
}

// collect finds all texts, and whether a number that is not secret reads the same.
func collect(texts map[string]bool, value property.Value) {
	switch {
	case value.IsString():
		texts[value.AsString()] = texts[value.AsString()]
	case value.IsNumber(): // such as a port, which a text shows as well
		texts[strconv.FormatFloat(value.AsNumber(), 'f', -1, 64)] = true
	case value.IsMap():
		for _, item := range value.AsMap().All {
			collect(texts, item)
		}
	case value.IsArray():
		for _, item := range value.AsArray().All {
			collect(texts, item)
		}
	}
}
