package bench

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCrowdedIsAHundredNodesAndAThousandPods(t *testing.T) {
	config := crowded()
	addresses := map[string]bool{}
	for _, item := range config["nodes"].([]any) {
		addresses[item.(map[string]any)["privateIp"].(string)] = true
	}
	assert.Len(t, addresses, 100, "nodes with an address of their own")
	pods := 1 // the database
	for _, tier := range []string{"frontend", "backend", "redis"} {
		pods += config[tier].(map[string]any)["replicas"].(int)
	}
	assert.Equal(t, 1000, pods)
}

func TestSlopeIsTheCostOfOneNodeMore(t *testing.T) {
	even := []size{{3, 78, 3, 400}, {30, 400, 5.7, 427}, {100, 1200, 12.7, 497}}
	found := scaleTable(even)
	assert.Equal(t, [][]string{
		{"3", "78", "3.0 s", "", "400 MiB", ""},
		{"30", "400", "5.7 s", "100 ms/node", "427 MiB", "1.00 MiB/node"},
		{"100", "1200", "12.7 s", "100 ms/node", "497 MiB", "1.00 MiB/node"},
	}, found.Rows)
	assert.Empty(t, found.Missed)

	even[2].seconds = 26.7
	assert.Equal(t, []string{"a node costs 100 ms at first and 300 ms in the end"}, scaleTable(even).Missed)
}

func TestMemoryIsThatOfTheProcessesStartedFromHere(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "sleep 60 & wait")
	require.NoError(t, cmd.Start())
	defer func() { _, _ = cmd.Process.Kill(), cmd.Wait() }()
	require.Eventually(t, func() bool { return resident(cmd.Process.Pid) > 0 }, 10*time.Second, 10*time.Millisecond, "the sleeping grandchild")
	assert.Greater(t, resident(os.Getpid()), resident(cmd.Process.Pid))

	pid, parent, pages, ok := parseStat("42 (a) b (c)) S 7 42 7 0 -1 4194560 149 0 0 0 0 0 0 0 20 0 1 0 1815 2703360 512 18446744073709551615 1")
	assert.True(t, ok)
	assert.Equal(t, []int{42, 7, 512}, []int{pid, parent, int(pages)})
}
