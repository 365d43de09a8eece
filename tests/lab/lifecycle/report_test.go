//go:build lab

package lifecycle

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"
)

// report is what the run found, printed at its end as a table.
var report table

type table struct {
	mu   sync.Mutex
	rows []row
}

type row struct{ what, result, numbers string }

func (r *table) add(what, result, numbers string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rows = append(r.rows, row{what, result, numbers})
}

func (r *table) print(w io.Writer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.rows) == 0 {
		return
	}
	_, _ = fmt.Fprint(w, "\n| what | result | numbers |\n| --- | --- | --- |\n")
	for _, row := range r.rows {
		_, _ = fmt.Fprintf(w, "| %s | %s | %s |\n", row.what, row.result, strings.ReplaceAll(row.numbers, "\n", " "))
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
