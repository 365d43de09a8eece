package load

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestGapIsTheLongestTimeWithoutAnAnswer(t *testing.T) {
	start := time.Now()
	after := func(milliseconds int) time.Time { return start.Add(time.Duration(milliseconds) * time.Millisecond) }
	for _, test := range []struct {
		name       string
		answered   []int // when answers came, in milliseconds, in the order in which they were noted
		lost       []int
		end        int
		begin, gap int
	}{
		{"between two answers", []int{10, 20, 420, 430}, []int{30, 100, 410}, 440, 20, 400},
		{"an answer that is noted late", []int{10, 420, 20}, nil, 430, 20, 400},
		{"before the first answer", []int{300, 400}, nil, 410, 0, 300},
		{"after the last answer", []int{10, 20}, []int{30}, 90, 20, 70},
		{"no answer at all", nil, []int{10, 20}, 50, 0, 50},
	} {
		t.Run(test.name, func(t *testing.T) {
			records := newRecorder(start)
			for _, at := range test.answered {
				records.add(after(at-1), after(at), "")
			}
			for _, at := range test.lost {
				records.add(after(at-1), after(at), "closed")
			}
			report := records.report(after(test.end))
			assert.Equal(t, time.Duration(test.gap)*time.Millisecond, report.Gap)
			assert.Equal(t, after(test.begin), report.GapStart)
			assert.Len(t, test.lost, report.Lost)
		})
	}
}
