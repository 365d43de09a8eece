package tests

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"ecommerce-platform/infra"
	"ecommerce-platform/tests/pulumitest"
)

func TestInfraWarnsOfQuotas(t *testing.T) {
	warnings := func(change func(*infra.Args)) string {
		args := infraArgs()
		change(args)
		return strings.Join(pulumitest.Run(t, infraProgram(args), pulumitest.Preview()).Logs(), "\n")
	}
	assert.Empty(t, warnings(func(*infra.Args) {}))
	assert.Contains(t, warnings(func(a *infra.Args) {
		for i := range 3 {
			node := a.Nodes[2]
			node.Name, node.PrivateIP = fmt.Sprintf("worker-node-%d", i+3), fmt.Sprintf("172.31.8.%d", i+10)
			a.Nodes = append(a.Nodes, node)
		}
	}), "warning: nodes (6): each takes an Elastic IP, and an account has 5 in a region")
	assert.Contains(t, warnings(func(a *infra.Args) {
		a.ClientCidrs = nil
		for i := range 60 {
			a.ClientCidrs = append(a.ClientCidrs, fmt.Sprintf("198.51.%d.0/24", i))
		}
	}), "make 61 rules of the security group worker, and one has 60 unless")
}
