package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestLargeIsAHundredNodesAndAThousandPods(t *testing.T) {
	config := large()
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

func TestMedian(t *testing.T) {
	assert.Equal(t, 2*time.Second, median([]time.Duration{3 * time.Second, time.Second, 2 * time.Second}))
	assert.Equal(t, time.Second, median([]time.Duration{time.Second}))
}
