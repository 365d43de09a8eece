//go:build lab && !lifecycle

package lifecycle

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// stages are the short way, for continuous integration.
var stages = []stage{
	{"interrupted bring-up", interrupted([]interruption{duringInit}, []interruption{duringJoin})},
	{"workers come and go", testWorkersComeAndGo},
	{"backup", testBackup},
	{"mutations", testMutations(shortMutations())},
	{"destroy with a dead API", testDestroyWithDeadAPI},
}

// testBackup takes a backup and gives backups up again.
func testBackup(t *testing.T) {
	rehearse().first(t)
	require.NoError(t, shop.Set(t.Context(), nil))
	_, err := shop.Stack.Up(t.Context())
	require.NoError(t, err)
}

var duringJoin = interruption{
	name: "while kubeadm join runs", node: "worker-node-1",
	reached: `pgrep -f "[k]ubeadm join"`,
}

// shortMutations are those for which continuous integration has the time.
func shortMutations() []mutation {
	return slices.DeleteFunc(slices.Clone(mutations), func(mutation mutation) bool { return !mutation.short })
}
