package load

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Report is what became of the requests.
type Report struct {
	Start, End time.Time
	// Sent requests are answered or lost.
	Sent, Lost int
	// Gap is the longest time without an answer, which began at GapStart.
	Gap      time.Duration
	GapStart time.Time
	// Failures are the reasons of lost requests, the first to occur first.
	Failures []Failure
	// P50, P99 and Max are latencies of answered requests, from when each was due.
	P50, P99, Max time.Duration
	// Seconds are the requests by the second in which they were due, counted from Start.
	Seconds []Second
}

// Failure is one reason for which requests were lost.
type Failure struct {
	Reason      string
	Count       int
	First, Last time.Time
}

// Second counts the requests of a second.
type Second struct{ Sent, Lost int }

// Rate is answered requests per second.
func (r *Report) Rate() float64 { return float64(r.Sent-r.Lost) / r.End.Sub(r.Start).Seconds() }

// String is the report in one line, and a line for each reason of losses.
func (r *Report) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d sent, %d lost, longest gap %s, p50 %s, p99 %s, max %s", r.Sent, r.Lost,
		round(r.Gap), round(r.P50), round(r.P99), round(r.Max))
	for _, f := range r.Failures {
		fmt.Fprintf(&text, "\n  %d × %s, from %s to %s after the start", f.Count, f.Reason, round(f.First.Sub(r.Start)), round(f.Last.Sub(r.Start)))
	}
	return text.String()
}

// round keeps as much of a time as a reader wants.
func round(d time.Duration) time.Duration {
	switch {
	case d >= time.Second:
		return d.Round(10 * time.Millisecond)
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(time.Microsecond)
}

// recorder collects outcomes while requests run.
type recorder struct {
	start time.Time

	mu         sync.Mutex
	sent, lost int
	answered   []time.Time // when answers came
	latencies  *hdrhistogram.Histogram
	failures   map[string]*Failure
	seconds    []Second
}

func newRecorder(start time.Time) *recorder {
	// Microseconds up to ten minutes, to three digits.
	return &recorder{start: start, latencies: hdrhistogram.New(1, (10 * time.Minute).Microseconds(), 3), failures: map[string]*Failure{}}
}

// add notes a request that was due, and ended, at these times; reason is "" for one that was answered.
func (r *recorder) add(due, end time.Time, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for second := int(due.Sub(r.start) / time.Second); len(r.seconds) <= second; {
		r.seconds = append(r.seconds, Second{})
	}
	count := &r.seconds[int(due.Sub(r.start)/time.Second)]
	r.sent++
	count.Sent++
	if reason == "" {
		r.answered = append(r.answered, end)
		// Beyond ten minutes there is no answer: requests have a time limit.
		_ = r.latencies.RecordValue(max(1, end.Sub(due).Microseconds()))
		return
	}
	r.lost++
	count.Lost++
	f := r.failures[reason]
	if f == nil {
		f = &Failure{Reason: reason, First: due}
		r.failures[reason] = f
	}
	f.Count++
	if due.Before(f.First) {
		f.First = due
	}
	if due.After(f.Last) {
		f.Last = due
	}
}

func (r *recorder) report(end time.Time) *Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	report := &Report{
		Start: r.start, End: end, Sent: r.sent, Lost: r.lost, Seconds: slices.Clone(r.seconds),
		P50: r.quantile(50), P99: r.quantile(99), Max: time.Duration(r.latencies.Max()) * time.Microsecond,
	}
	for _, f := range slices.SortedFunc(maps.Values(r.failures), func(a, b *Failure) int { return a.First.Compare(b.First) }) {
		report.Failures = append(report.Failures, *f)
	}
	last := r.start
	for _, at := range append(slices.SortedFunc(slices.Values(r.answered), time.Time.Compare), end) {
		if gap := at.Sub(last); gap > report.Gap {
			report.Gap, report.GapStart = gap, last
		}
		last = at
	}
	return report
}

func (r *recorder) quantile(q float64) time.Duration {
	return time.Duration(r.latencies.ValueAtQuantile(q)) * time.Microsecond
}
