package table

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestTableIsLaidOutForAPersonAndForADocument(t *testing.T) {
	figures := Table{Title: "Speeds", Notes: []string{"Of one run."}, Head: []string{"what", "speed"}, Missed: []string{"light is slow"}}
	figures.Row("snail", "1")
	figures.Row("ligh", "×300")
	assert.Equal(t, "== Speeds\nwhat   speed\nsnail      1\nligh    ×300\nMISSED: light is slow\n", figures.Text())
	assert.Equal(t, "## Speeds\n\nOf one run.\n\n| what | speed |\n| --- | ---: |\n| snail | 1 |\n| ligh | ×300 |\n\n"+
		"**Target missed:** light is slow\n", figures.Markdown())
}

func TestMedian(t *testing.T) {
	assert.Equal(t, 2*time.Second, Median([]time.Duration{3 * time.Second, time.Second, 2 * time.Second}))
	assert.Equal(t, time.Second, Median([]time.Duration{time.Second}))
}
