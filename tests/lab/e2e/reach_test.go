//go:build lab

package e2e

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A client reaches the shop and nothing else; this machine stands for administrator and client at once, so what a machine
// listens on besides must stay closed to it.
func TestOnlyDeclaredPortsAnswerFromOutside(t *testing.T) {
	open := map[string]map[int]bool{
		"control-plane": {22: true, 6443: true},
		"worker-node-1": {22: true, 30080: true},
		"worker-node-2": {22: true, 30080: true},
	}
	listening := []int{22, 179, 2379, 6443, 9100, 10250, 10256, 10257, 30080}
	for node, ports := range open {
		for _, port := range listening {
			t.Run(fmt.Sprintf("%s/%d", node, port), func(t *testing.T) {
				t.Parallel() // a dropped packet answers by its absence
				connection, err := net.DialTimeout("tcp", fmt.Sprintf("%s:%d", shop.Addresses[node], port), 2*time.Second)
				if err == nil {
					require.NoError(t, connection.Close())
				}
				assert.Equal(t, ports[port], err == nil, "%v", err)
			})
		}
	}
}
