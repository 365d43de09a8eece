package bench

import (
	"fmt"
	"slices"
	"time"
)

// seconds shows a duration of seconds.
func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// millis shows a duration of milliseconds.
func millis(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}

// ratio shows how often b is in a.
func ratio(a, b float64) string { return fmt.Sprintf("×%.2f", a/b) }

// median is the middle one of several times.
func median(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[len(sorted)/2]
}
