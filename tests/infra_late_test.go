package tests

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"ecommerce-platform/tests/pulumitest"
)

// TestWhatEC2IsLateWithIsWaitedFor has the resources that name a group or a private address. How they wait is tested in the
// engine, on a twin that is late.
func TestWhatEC2IsLateWithIsWaitedFor(t *testing.T) {
	rec := pulumitest.Run(t, infraProgram(infraArgs()))
	patient := map[string]bool{
		"aws:ec2/instance:Instance":                                 true,
		"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": true,
		"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":   true,
	}
	for _, r := range rec.All() {
		if patient[r.Type] {
			assert.Equal(t, []string{"platform-settles"}, r.Hooks["onError"], r.Name)
		}
	}
}
