package table

import (
	"testing"

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

func TestCellStaysOnItsLine(t *testing.T) {
	assert.Equal(t, "| what | result |\n| --- | --- |\n| upgrade | not within 1m0s: no answer |\n",
		Markdown([]string{"what", "result"}, [][]string{{"upgrade", "not within 1m0s:\nno answer"}}))
}
