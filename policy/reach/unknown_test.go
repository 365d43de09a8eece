package reach_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"github.com/stretchr/testify/assert"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/reach"
)

func TestUnknownPathsAreNeitherOpenNorClosed(t *testing.T) {
	for what, c := range map[string]struct {
		changes     []modeltest.Change
		path        string
		unevaluated string
	}{
		"the block of administrators": {
			unknown(model.IngressType, "platform-ssh-203.0.113.7_32", "cidrIpv4"), "administrators worker-node-1 SSH",
			model.IngressType + " platform-ssh-203.0.113.7_32 cidrIpv4",
		},
		"the groups of a machine": {
			unknown(model.InstanceType, first, "vpcSecurityGroupIds"), "control-plane worker-node-1 BGP",
			model.InstanceType + " worker-node-1 vpcSecurityGroupIds",
		},
		"the subnet of a machine": {
			unknown(model.InstanceType, first, "subnetId"), "control-plane worker-node-1 pods", model.InstanceType + " worker-node-1 subnetId",
		},
		"a group of another stack beside those of this one": {
			[]modeltest.Change{
				modeltest.Set(model.InstanceType, first, "vpcSecurityGroupIds", property.New([]property.Value{
					property.New(property.Computed), property.New(property.Computed), property.New("sg-0123456789abcdef0"),
				})), modeltest.Remove(model.IngressType, "platform-ssh-203.0.113.7_32"), gone(control), gone("worker-node-2"),
			}, "administrators worker-node-1 SSH", model.InstanceType + " worker-node-1 vpcSecurityGroupIds",
		},
		"a rule in the group's own list, beside others": {
			[]modeltest.Change{
				modeltest.Remove(model.IngressType, "platform-ssh-203.0.113.7_32"),
				modeltest.Unknown(model.GroupType, "platform-node", "ingress"),
				modeltest.From(model.GroupType, "platform-node", "ingress", "pulumi:pulumi:StackReference", "offices"),
			}, "administrators worker-node-1 SSH", model.GroupType + " platform-node ingress",
		},
		"a part of a rule in the group's own list": {
			append(without("platform-ssh-203.0.113.7_32"), modeltest.Set(model.GroupType, "platform-node", "ingress", property.New([]property.Value{
				property.New(map[string]property.Value{
					"protocol": property.New("tcp"), "fromPort": property.New(22.0), "toPort": property.New(22.0),
					"cidrBlocks": property.New([]property.Value{property.New(property.Computed)}),
				}),
			}))), "administrators worker-node-1 SSH", model.GroupType + " platform-node ingress[0].cidrBlocks[0]",
		},
		"the blocks of a prefix list": {
			[]modeltest.Change{
				modeltest.Unset(model.IngressType, "platform-ssh-203.0.113.7_32", "cidrIpv4"),
				modeltest.Set(model.IngressType, "platform-ssh-203.0.113.7_32", "prefixListId", "pl-0123"),
			}, "administrators worker-node-1 SSH", model.IngressType + " platform-ssh-203.0.113.7_32 prefixListId",
		},
		"the source of an older rule": {
			append(without("platform-ssh-203.0.113.7_32"), older(), modeltest.Set(legacyType, "older", "sourceSecurityGroupId", property.New(property.Computed)),
				modeltest.From(legacyType, "older", "sourceSecurityGroupId", "", "offices")),
			"administrators worker-node-1 SSH", legacyType + " older sourceSecurityGroupId",
		},
		"a prefix list of an older rule": {
			append(without("platform-ssh-203.0.113.7_32"), older(), modeltest.Set(legacyType, "older", "prefixListIds", []any{"pl-0123"})),
			"administrators worker-node-1 SSH", legacyType + " older prefixListIds",
		},
		"a registry that egress may lead to": {
			narrowed(append(leaving("to-mirror", "tcp", 443, "198.51.100.0/24"), mirrored("https://mirror.example.com"))...),
			"worker-node-1 mirror.example.com packages",
			"reachability of mirror.example.com: egress rules let some addresses through, and which the name has is not known",
		},
		"a mirror beyond the VPC": {
			[]modeltest.Change{mirrored("http://10.1.2.3:5000")}, "worker-node-1 10.1.2.3 packages", "reachability of 10.1.2.3: the way to an address beyond the VPC",
		},
		"what nodes fetch": {
			[]modeltest.Change{modeltest.Unknown(model.ClusterType, "platform", "sources")}, "", model.ClusterType + " platform sources",
		},
		"the type of the NodePort's Service": {
			[]modeltest.Change{modeltest.Unknown("kubernetes:core/v1:Service", "shop-frontend", "spec.ports")}, "",
			"kubernetes:core/v1:Service shop-frontend spec.ports",
		},
		"the check of a machine": {
			unknown(model.InstanceType, first, "sourceDestCheck"), "control-plane worker-node-1 pods",
			model.InstanceType + " worker-node-1 sourceDestCheck",
		},
	} {
		t.Run(what, func(t *testing.T) {
			stack := modeltest.Dev(t, c.changes...)
			states := map[string]reach.State{}
			for _, path := range reach.Analyze(stack) {
				assert.False(t, path.Broken(), "%+v", path)
				states[path.From+" "+path.To+" "+path.What] = path.State
			}
			if c.path != "" {
				assert.Equal(t, reach.Unknown, states[c.path])
			}
			assert.Contains(t, modeltest.Gaps(stack), c.unevaluated)
		})
	}
}

const legacyType = "aws:ec2/securityGroupRule:SecurityGroupRule"

// older is a rule as the older resource has it, of a peer that is yet to be named.
func older() modeltest.Change {
	return func(t testing.TB, resources []policyx.AnalyzerResource) []policyx.AnalyzerResource {
		t.Helper()
		resources = modeltest.Copy(model.IngressType, "platform-bgp", "older")(t, resources)
		last := &resources[len(resources)-1]
		last.Type = legacyType
		last.PropertyDependencies = map[string][]string{"securityGroupId": last.PropertyDependencies["securityGroupId"]}
		last.Properties = property.NewMap(map[string]property.Value{
			"type": property.New("ingress"), "protocol": property.New("tcp"), "fromPort": property.New(22.0), "toPort": property.New(22.0),
		})
		return resources
	}
}

// gone takes a machine away, so that nothing is said of it.
func gone(name string) modeltest.Change {
	return modeltest.Remove(model.InstanceType, name)
}

// unknown makes a property one that another stack will tell.
func unknown(token, name, path string) []modeltest.Change {
	return []modeltest.Change{
		modeltest.Set(token, name, path, property.New(property.Computed)), modeltest.From(token, name, path, "", "below"),
	}
}
