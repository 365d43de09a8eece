package rules_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
)

// grouped puts the worker into more groups.
func grouped(names ...string) modeltest.Change {
	return func(t testing.TB, resources []policyx.AnalyzerResource) []policyx.AnalyzerResource {
		t.Helper()
		var urns []string
		for _, name := range names {
			resources = modeltest.Copy(model.GroupType, "platform-node", name)(t, resources)
			urns = append(urns, resources[len(resources)-1].URN)
		}
		return modeltest.Edit(model.InstanceType, worker, func(r *policyx.AnalyzerResource) {
			dependencies := maps.Clone(r.PropertyDependencies)
			dependencies["vpcSecurityGroupIds"] = slices.Concat(dependencies["vpcSecurityGroupIds"], urns)
			r.PropertyDependencies = dependencies
		})(t, resources)
	}
}

var quotaFixtures = map[string][]fixture{
	"instance-type-exists": {
		{"a size that the family does not have", change(instance("instanceType", "t3.huge")), `asks for "t3.huge", and t3 comes in the sizes nano, micro`, worker, ""},
		{"no size", change(instance("instanceType", "t3")), `"t3", which is no name of an instance type`, worker, ""},
		{"a larger one", change(instance("instanceType", "m5.24xlarge")), "", "", ""},
		{
			"a family that nobody here knows", change(instance("instanceType", "x9.huge")), "", "", model.InstanceType + " " + worker + " instanceType",
		},
	},
	"vcpu-quota": {
		{"three machines of two vCPUs", nil, "this stack runs 6 vCPUs of standard instances, and a new account has 5", "worker-node-2", ""},
		{"two machines", change(modeltest.Remove(model.InstanceType, "worker-node-2")), "", "", ""},
		{"machines that run", change(
			set(model.InstanceType, control, "arn", "arn:1"), set(model.InstanceType, worker, "arn", "arn:2"), set(model.InstanceType, "worker-node-2", "arn", "arn:3"),
		), "", "", ""},
		{"a machine in the place of one", change(
			set(model.InstanceType, control, "arn", "arn:1"), set(model.InstanceType, worker, "arn", "arn:2"), set(model.EipType, "worker-node-2", "allocationId", "eipalloc-1"),
		), "", "", ""},
		{
			"it is not known", unknown(model.InstanceType, worker, "instanceType", "instanceType"), "", "", model.InstanceType + " " + worker + " instanceType",
		},
	},
	"address-quota": {
		{"six", change(
			modeltest.Copy(model.EipType, worker, "x-1"), modeltest.Copy(model.EipType, worker, "x-2"), modeltest.Copy(model.EipType, worker, "x-3"),
		), "this stack takes 6 Elastic IPs, and an account has 5", "x-3", ""},
		{"five", change(modeltest.Copy(model.EipType, worker, "x-1"), modeltest.Copy(model.EipType, worker, "x-2")), "", "", ""},
	},
	"group-rules-quota": {
		{"administrators in 61 places", change(offices(61)), "inbound rules, and one has 60 unless", "platform-node", ""},
		{"a machine in six groups", change(grouped("a", "b", "c", "d")), "worker-node-1 is in 6 security groups", worker, ""},
		{"administrators in 50 places", change(offices(50)), "", "", ""},
	},
}
