package images

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestConntrackMaxIsKubeProxys(t *testing.T) {
	for processors, want := range map[int]int{1: 131072, 2: 131072, 4: 131072, 8: 262144} {
		assert.Equal(t, want, conntrackMax(processors))
	}
}

func TestProcessorsAreFound(t *testing.T) {
	assert.Positive(t, processors())
}
