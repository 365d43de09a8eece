package review

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"ecommerce-platform/policy/report"
	"ecommerce-platform/policy/rules"
)

// Version is the pack's.
const Version = "0.2.0"

// Observe is the policy that remembers what the program declares and never objects.
const Observe = "observe"

// Names of the policies that are analyses.
const (
	Placement    = "placement"
	Rollout      = "rollout"
	Drain        = "drain"
	Reachability = "reachability"
	PackError    = "policy-pack-error"
)

// analysis is an analysis as a policy.
type analysis struct {
	name, description string
	level             policyx.EnforcementLevel
}

var analyses = []analysis{
	{Placement, "Every pod finds a node", policyx.EnforcementLevelMandatory},
	{Rollout, "Every rollout can finish on the declared nodes", policyx.EnforcementLevelMandatory},
	{Drain, "Every node can be drained as far as budgets are concerned", policyx.EnforcementLevelAdvisory},
	{Reachability, "Nodes and clients reach what they need, and nothing else is open", policyx.EnforcementLevelMandatory},
	{PackError, "The policy pack itself works", policyx.EnforcementLevelMandatory},
}

// Policies are all policies of the pack: one that observes, the analyses, and the rules.
func Policies(once *Once) []policyx.Policy {
	policies := []policyx.Policy{
		policyx.NewResourceValidationPolicy(Observe, policyx.ResourceValidationPolicyArgs{
			Description:      "Remembers what the program declares; never objects",
			EnforcementLevel: policyx.EnforcementLevelAdvisory,
			ValidateResource: once.Observer.Observe,
		}),
	}
	for _, a := range every() {
		policies = append(policies, policyx.NewStackValidationPolicy(a.name, policyx.StackValidationPolicyArgs{
			Description:      a.description,
			EnforcementLevel: a.level,
			ValidateStack: func(ctx context.Context, args policyx.StackValidationArgs) error {
				for _, finding := range once.Review(ctx, args.Resources).Findings(a.name) {
					args.Manager.ReportViolation(finding.Message, finding.Resource)
				}
				return nil
			},
		}))
	}
	return policies
}

func every() []analysis {
	list := append([]analysis{}, analyses...)
	for _, rule := range rules.All {
		list = append(list, analysis{rule.Name, rule.Description, rule.Level})
	}
	return list
}

// conclude lists the findings of every policy in the report, all without the secrets of the stack.
func (r *Review) conclude(redact func(string) string) {
	for _, findings := range r.findings {
		for i := range findings {
			findings[i].Message = redact(findings[i].Message)
		}
	}
	for _, a := range every() {
		level := report.Mandatory
		if a.level == policyx.EnforcementLevelAdvisory {
			level = report.Advisory
		}
		for _, finding := range r.findings[a.name] {
			r.Report.Violations = append(r.Report.Violations, report.Violation{
				Rule: a.name, Level: level, Resource: finding.Resource, Message: finding.Message,
			})
		}
	}
	r.Report.Redact(redact)
	r.Report.Conclude()
}
