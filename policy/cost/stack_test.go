package cost

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"github.com/stretchr/testify/assert"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
)

func TestDeclare(t *testing.T) {
	const node = "worker-node-2"
	t.Run("the dev stack declares the default topology", func(t *testing.T) {
		want := defaultTopology("eu-central-1")
		want.Unlimited = want.Instances
		assert.Equal(t, want, Declare(modeltest.Dev(t)))
	})
	t.Run("an unknown is not evaluated and not counted as nothing", func(t *testing.T) {
		stack := modeltest.Dev(t,
			modeltest.Unknown(model.InstanceType, node, "instanceType"),
			modeltest.Unknown(model.InstanceType, node, "rootBlockDevice.volumeSize"))
		declared := Declare(stack)
		assert.Len(t, declared.Instances, 2)
		assert.Len(t, declared.Volumes, 2)
		assert.Subset(t, modeltest.Gaps(stack), []string{
			model.InstanceType + " " + node + " instanceType",
			model.InstanceType + " " + node + " rootBlockDevice.volumeSize",
		})
	})
	t.Run("a disk whose size the image decides is named", func(t *testing.T) {
		declared := Declare(modeltest.Dev(t, modeltest.Unset(model.InstanceType, node, "rootBlockDevice.volumeSize")))
		assert.Equal(t, []string{model.InstanceType + " " + node + " rootBlockDevice.volumeSize: not set, so the image decides"}, declared.Other)
	})
	t.Run("detailed monitoring is named", func(t *testing.T) {
		declared := Declare(modeltest.Dev(t, modeltest.Set(model.InstanceType, node, "monitoring", true)))
		assert.Equal(t, []string{model.InstanceType + " " + node + " monitoring: no price in policy/cost/prices.json"}, declared.Other)
		assert.Empty(t, Declare(modeltest.Dev(t, modeltest.Set(model.InstanceType, node, "monitoring", false))).Other)
	})
	t.Run("an Elastic IP takes the place of an instance's own public address", func(t *testing.T) {
		own := modeltest.Set(model.InstanceType, node, "associatePublicIpAddress", true)
		assert.Equal(t, 3, Declare(modeltest.Dev(t, own)).Addresses)
		alone := Declare(modeltest.Dev(t, own, modeltest.Remove(model.EipAssociationType, node)))
		assert.Equal(t, 4, alone.Addresses)
		direct := Declare(modeltest.Dev(t, own, modeltest.Remove(model.EipAssociationType, node), modeltest.From(model.EipType, node, "instance", model.InstanceType, node)))
		assert.Equal(t, 3, direct.Addresses)
	})
	t.Run("every disk counts", func(t *testing.T) {
		declared := Declare(modeltest.Dev(t, as(model.EipAssociationType, node, model.VolumeType, map[string]any{"type": "gp2", "size": 100.0}),
			modeltest.Set(model.InstanceType, node, "ebsBlockDevices", []any{map[string]any{"volumeType": "st1", "volumeSize": 500.0}})))
		assert.Subset(t, declared.Volumes, []Volume{{"gp2", 100}, {"st1", 500}})
	})
	t.Run("load balancers and NAT gateways", func(t *testing.T) {
		for token, c := range map[string]struct {
			properties map[string]any
			running    string
			addresses  int
		}{
			"aws:ec2/natGateway:NatGateway":     {nil, "NAT gateway", 3},
			"aws:lb/loadBalancer:LoadBalancer":  {map[string]any{"subnets": []any{"a", "b"}}, "Application Load Balancer", 5},
			"aws:alb/loadBalancer:LoadBalancer": {map[string]any{"internal": true, "subnets": []any{"a", "b"}}, "Application Load Balancer", 3},
			"aws:elb/loadBalancer:LoadBalancer": {map[string]any{"subnets": []any{"a"}}, "Classic Load Balancer", 4},
			"aws:applicationloadbalancing/loadBalancer:LoadBalancer": {map[string]any{
				"loadBalancerType": "network", "subnetMappings": []any{map[string]any{"subnetId": "a", "allocationId": "eipalloc-1"}, map[string]any{"subnetId": "b"}},
			}, "Network Load Balancer", 4},
		} {
			declared := Declare(modeltest.Dev(t, as("aws:ec2/route:Route", "platform-internet", token, c.properties)))
			assert.Equal(t, []string{c.running}, declared.Running, token)
			assert.Equal(t, c.addresses, declared.Addresses, token)
			assert.Empty(t, declared.Other, token)
		}
	})
	t.Run("what is free is not named, and what is neither is", func(t *testing.T) {
		for token, named := range map[string]bool{
			"aws:iam/role:Role": false, "aws:iam/instanceProfile:InstanceProfile": false, "aws:lb/targetGroup:TargetGroup": false,
			"aws:ec2/networkAcl:NetworkAcl": false, "aws:s3/bucketPolicy:BucketPolicy": false,
			"aws:ec2transitgateway/instanceState:InstanceState": false,
			"aws:s3/bucketV2:BucketV2":                          true, "aws:rds/instance:Instance": true, "aws:cloudwatch/logGroup:LogGroup": true,
		} {
			declared := Declare(modeltest.Dev(t, as("aws:ec2/route:Route", "platform-internet", token, nil)))
			if named {
				assert.Equal(t, []string{token + " platform-internet: no price in policy/cost/prices.json"}, declared.Other)
			} else {
				assert.Empty(t, declared.Other, token)
			}
		}
	})
}

// as makes a resource one of another type.
func as(token, name, other string, properties map[string]any) modeltest.Change {
	return modeltest.Edit(token, name, func(r *policyx.AnalyzerResource) {
		r.Type = other
		r.Properties = resource.FromResourcePropertyMap(resource.NewPropertyMapFromMap(properties))
	})
}
