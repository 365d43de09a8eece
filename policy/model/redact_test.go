package model_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/stretchr/testify/assert"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
)

// What is left of one secret inside an own word may be the beginning of another one.
func TestSecretsThatOverlap(t *testing.T) {
	stack := modeltest.Dev(t, modeltest.Set(model.CommandType, "platform-worker-node-1-join", "connection", property.New(map[string]property.Value{
		"host": property.New("h"), "one": property.New("istrat"), "other": property.New("rators rule"),
	}).WithSecret(true)))
	assert.Equal(t, "administ(secret)", stack.Redact("administrators rule"))
}

func TestMessagesHoldNoSecret(t *testing.T) {
	for name, c := range map[string]struct {
		secret        any
		message, want string
	}{
		"a text":                             {"hunter2", "its password is hunter2.", "its password is (secret)."},
		"a text inside a word":               {"hunter2", "xhunter2y", "x(secret)y"},
		"a text inside an own word":          {"admin", "tcp 22 from the administrators. Administrators", "tcp 22 from the administrators. Administrators"},
		"a text inside a part of one":        {"admin", "xadministrators, administrators5 and dbadmin", "x(secret)istrators, administrators5 and db(secret)"},
		"a text that is an own word":         {"scheduler", "the scheduler says", "the (secret) says"},
		"a text that ends in an own word":    {"my data", "my database", "(secret)base"},
		"a text that begins in an own word":  {"base has", "the database has gone", "the data(secret) gone"},
		"a short text as a word":             {"abc", "abc, abcd", "(secret), abcd"},
		"a text that is shown elsewhere":     {"worker-node-1", "node worker-node-1", "node worker-node-1"},
		"a number":                           {471147.0, "pin 471147", "pin (secret)"},
		"a short number, as counts are":      {5.0, "5 of 5 pods, 1.35.90", "5 of 5 pods, 1.35.90"},
		"a short number that is a text":      {"5", "5 of 5 pods, 1.35.90", "5 of 5 pods, 1.35.90"},
		"a number that is shown elsewhere":   {30080.0, "port 30080", "port 30080"},
		"a truth value, which says nothing":  {true, "true", "true"},
		"a text with quotes, as one is told": {`a"quoted"`, `value "a\"quoted\""`, `value "(secret)"`},
	} {
		t.Run(name, func(t *testing.T) {
			var value property.Value
			switch secret := c.secret.(type) {
			case string:
				value = property.New(secret)
			case float64:
				value = property.New(secret)
			case bool:
				value = property.New(secret)
			}
			stack := modeltest.Dev(t, modeltest.Set(model.CommandType, "platform-worker-node-1-join", "connection",
				property.New(map[string]property.Value{"host": property.New("h"), "secret": value}).WithSecret(true)))
			assert.Equal(t, c.want, stack.Redact(c.message))
		})
	}
}
