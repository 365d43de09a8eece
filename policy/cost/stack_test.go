package cost

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
)

func TestDeclare(t *testing.T) {
	const node = "worker-node-2"
	t.Run("the dev stack declares the default topology", func(t *testing.T) {
		assert.Equal(t, defaultTopology("eu-central-1"), Declare(modeltest.Dev(t)))
	})
	t.Run("an unknown is not evaluated and not counted as nothing", func(t *testing.T) {
		stack := modeltest.Dev(t,
			modeltest.Unknown(model.InstanceType, node, "instanceType"),
			modeltest.Unknown(model.InstanceType, node, "rootBlockDevice.volumeSize"))
		declared := Declare(stack)
		assert.Len(t, declared.Instances, 2)
		assert.Len(t, declared.Volumes, 2)
		assert.Subset(t, stack.Unevaluated(), []string{
			model.InstanceType + " " + node + " instanceType",
			model.InstanceType + " " + node + " rootBlockDevice.volumeSize",
		})
	})
	t.Run("a disk whose size the image decides is named", func(t *testing.T) {
		declared := Declare(modeltest.Dev(t, modeltest.Unset(model.InstanceType, node, "rootBlockDevice.volumeSize")))
		assert.Equal(t, []string{model.InstanceType + " " + node + " rootBlockDevice.volumeSize: not set, so the image decides"}, declared.Other)
	})
	t.Run("an Elastic IP takes the place of an instance's own public address", func(t *testing.T) {
		own := modeltest.Set(model.InstanceType, node, "associatePublicIpAddress", true)
		assert.Equal(t, 3, Declare(modeltest.Dev(t, own)).Addresses)
		alone := Declare(modeltest.Dev(t, own, modeltest.Remove(associationType, node)))
		assert.Equal(t, 4, alone.Addresses)
	})
}
