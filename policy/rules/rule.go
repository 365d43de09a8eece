// Package rules is what must be true of a stack before it is deployed, one function a rule.
package rules

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"ecommerce-platform/policy/model"
)

// Rule is one row of the table: a policy of the pack.
type Rule struct {
	// Name is how people and configuration refer to the rule, such as imds-v2.
	Name string
	// Level is whether a finding fails the preview.
	Level policyx.EnforcementLevel
	// Description is what must be true.
	Description string
	// Remedy is what to do where it is not. It ends every message.
	Remedy string

	check func(*judge)
}

// Finding is a resource that breaks a rule.
type Finding struct {
	// Resource is its URN.
	Resource string
	// Message says what is wrong and what to do.
	Message string
}

// Check returns what breaks the rule, in messages without secret values. What the stack cannot tell yet is recorded in it as not evaluated.
func (r Rule) Check(stack *model.Stack) []Finding {
	j := &judge{Stack: stack}
	r.check(j)
	if j.missed > 0 && j.seen == 0 {
		stack.Blind(r.Name)
	}
	for i := range j.found {
		j.found[i].Message = fmt.Sprintf("%s; %s", stack.Redact(j.found[i].Message), r.Remedy)
	}
	return j.found
}
