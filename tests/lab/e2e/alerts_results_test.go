//go:build lab && lifecycle

package e2e

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/table"
	"ecommerce-platform/tests/lab/toolchain"
)

// resultsHead begins the table in docs/alerts.md.
var resultsHead = []string{"fault", "alert", "fires after", "arrives after", "its end arrives after"}

// resultsTable is what was seen of each fault, in seconds; of a fault that was not brought about, what the document says of it.
func resultsTable(t *testing.T, w *watch, results map[string]result) string {
	t.Helper()
	before := map[string][]string{}
	for line := range strings.Lines(resultsPattern.FindString(readResults(t))) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		before[cells[0]] = cells
	}
	var rows [][]string
	for _, f := range faults(w.receiver) {
		seen, ran := results[f.name]
		arrives := seconds(seen.told)
		if f.untold {
			arrives = "not while it lasts"
		}
		switch {
		case ran && seen.ended > 0:
			link := fmt.Sprintf("[%s](#%s)", f.alert, strings.ToLower(f.alert))
			rows = append(rows, []string{f.name, link, seconds(seen.fired), arrives, seconds(seen.ended)})
		case before[f.name] != nil:
			rows = append(rows, before[f.name])
		}
	}
	return table.Markdown(resultsHead, rows)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.0f s", d.Seconds()) }

// resultsPattern is the table in the document.
var resultsPattern = regexp.MustCompile(`(?m)^\| fault \| alert \|.*\n(\|.*\n)+`)

func resultsPath(t *testing.T) string {
	t.Helper()
	path, err := toolchain.Source("..", "..", "docs", "alerts.md")
	require.NoError(t, err)
	return path
}

func readResults(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(resultsPath(t))
	require.NoError(t, err)
	return string(text)
}

// writeResults puts the table into the document.
func writeResults(t *testing.T, w *watch, results map[string]result) {
	t.Helper()
	text := readResults(t)
	require.Regexp(t, resultsPattern, text)
	rows := resultsTable(t, w, results)
	require.NoError(t, os.WriteFile(resultsPath(t), []byte(resultsPattern.ReplaceAllLiteralString(text, rows)), 0o644))
}
