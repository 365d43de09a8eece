//go:build lab

package e2e

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// listening is the ports on which something answers on one node or the other.
var listening = []int{22, 179, 2379, 6443, 9100, 10250, 10256, 10257, 30080}

// A client reaches the shop and nothing else; this machine stands for administrator and client at once, so what a machine
// listens on besides must stay closed to it.
func TestOnlyDeclaredPortsAnswerFromOutside(t *testing.T) {
	open := map[string]map[int]bool{
		"control-plane": {22: true, 6443: true},
		"worker-node-1": {22: true, 30080: true},
		"worker-node-2": {22: true, 30080: true},
	}
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

// Each row of the security groups opens one thing between nodes, and what no row names is closed.
func TestNodesReachOfEachOtherWhatIsDeclared(t *testing.T) {
	// The API server's node alone asks kubelets; a NodePort that is open to the whole internet is so to the nodes as well.
	open := map[string]map[string][]int{
		"control-plane": {"worker-node-1": {179, 9100, 10250, 30080}, "worker-node-2": {179, 10250, 30080}},
		"worker-node-1": {"control-plane": {179, 6443}, "worker-node-2": {179, 30080}},
		"worker-node-2": {"control-plane": {179, 6443}, "worker-node-1": {179, 9100, 30080}},
	}
	for from, others := range open {
		for to, want := range others {
			t.Run(from+" to "+to, func(t *testing.T) {
				t.Parallel()
				assert.Equal(t, want, answering(t, from, to))
			})
		}
	}
}

// answering is the ports of a node on which it takes connections of another one.
func answering(t *testing.T, from, to string) []int {
	t.Helper()
	const dial = `for port in "${@:2}"; do { timeout 3 bash -c "exec 3<>/dev/tcp/$1/$port" 2>/dev/null && echo "$port"; } & done; wait`
	command := []string{"bash", "-c", dial, "bash", shop.Addresses[to]}
	for _, port := range listening {
		command = append(command, fmt.Sprint(port))
	}
	text, err := shop.OnMachine(t.Context(), from, command...)
	require.NoError(t, err)
	var ports []int
	for _, field := range strings.Fields(text) {
		port, err := strconv.Atoi(field)
		require.NoError(t, err)
		ports = append(ports, port)
	}
	slices.Sort(ports)
	return ports
}
