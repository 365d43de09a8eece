package review

import (
	"context"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/report"
	"ecommerce-platform/policy/rules"
	"ecommerce-platform/policy/waiver"
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
	Growth       = "growth"
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
	{Growth, "What is scaled automatically finds nodes for as many pods as it may have", policyx.EnforcementLevelAdvisory},
	{report.AnyOrder, "What works does so in whatever order pods come, and whichever of equal nodes they get", policyx.EnforcementLevelAdvisory},
	{Reachability, "Nodes, clients and pods reach what they need, and nothing else is open", policyx.EnforcementLevelMandatory},
	{waiver.Policy, "Every waiver names a rule, a resource, a reason and a day, and waives something", policyx.EnforcementLevelAdvisory},
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

// waivable tells whether what a policy finds can be waived: not what is wrong with waivers, and not that the pack does not work.
func waivable(name string) bool {
	return name != waiver.Policy && name != PackError && slices.ContainsFunc(every(), func(a analysis) bool { return a.name == name })
}

// waive takes out of the findings what is waived, and says of waivers what is wrong with them.
func (r *Review) waive(stack *model.Stack, waivers []waiver.Waiver) {
	held := waiver.Stack{
		Findings: r.findings, Whole: len(stack.Layers()) == layers, Blind: r.Report.BlindRules, Waivable: waivable, Now: time.Now(),
	}
	for _, resource := range stack.Resources {
		held.URNs = append(held.URNs, resource.URN)
	}
	waived, problems := held.Apply(waivers)
	r.findings[waiver.Policy] = problems
	levels := map[string]policyx.EnforcementLevel{}
	for _, a := range every() {
		levels[a.name] = a.level
	}
	for _, w := range waived {
		r.Report.Waived = append(r.Report.Waived, report.Waived{
			Violation: report.Violation{Rule: w.Rule, Level: level(levels[w.Rule]), Resource: w.Finding.Resource, Message: w.Message},
			Reason:    w.Reason, Decided: w.Decided, Expires: w.Expires,
		})
	}
}

// layers is how many there are: a stack that holds them all is whole.
const layers = 3

func level(of policyx.EnforcementLevel) string {
	if of == policyx.EnforcementLevelAdvisory {
		return report.Advisory
	}
	return report.Mandatory
}

// conclude lists the findings of every policy in the report, all without the secrets of the stack.
func (r *Review) conclude(redact func(string) string) {
	for _, findings := range r.findings {
		for i := range findings {
			findings[i].Message = redact(findings[i].Message)
		}
	}
	for _, a := range every() {
		for _, finding := range r.findings[a.name] {
			r.Report.Violations = append(r.Report.Violations, report.Violation{
				Rule: a.name, Level: level(a.level), Resource: finding.Resource, Message: finding.Message,
			})
		}
	}
	r.Report.Redact(redact)
	r.Report.Conclude()
}
