//go:build lab

package lifecycle

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"ecommerce-platform/tests/lab/table"
)

// report is what the run found, printed at its end as a table.
var report findings

type findings struct {
	mu   sync.Mutex
	rows [][]string
}

func (f *findings) add(what, result, numbers string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rows = append(f.rows, []string{what, result, numbers})
}

func (f *findings) print(w io.Writer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.rows) > 0 {
		_, _ = fmt.Fprint(w, "\n"+table.Markdown([]string{"what", "result", "numbers"}, f.rows))
	}
}

// note puts a finding with its numbers into the report: what was seen, whether or not a test compares it with anything.
func note(t *testing.T, what, format string, args ...any) {
	t.Helper()
	numbers := fmt.Sprintf(format, args...)
	t.Logf("%s: %s", what, numbers)
	report.add(what, "seen", numbers)
}

// recordResult puts the test into the report when it ends, with its result and how long it took.
func recordResult(t *testing.T) {
	t.Helper()
	start := time.Now()
	t.Cleanup(func() {
		result := "passed"
		if t.Failed() {
			result = "FAILED"
		}
		_, name, _ := strings.Cut(t.Name(), "/")
		if name == "" {
			name = t.Name()
		}
		report.add(name, result, time.Since(start).Round(time.Second).String())
	})
}
