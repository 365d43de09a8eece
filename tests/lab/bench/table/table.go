// Package table lays figures out for a person who watches and for a document.
package table

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Table is figures under a title.
type Table struct {
	Title string
	// Notes say what was done and what the columns mean, one paragraph each.
	Notes []string
	Head  []string
	Rows  [][]string
	// Missed are the targets that these figures miss, one sentence each.
	Missed []string
}

// Row adds one.
func (t *Table) Row(cells ...string) { t.Rows = append(t.Rows, cells) }

// Text is the table for a terminal.
func (t *Table) Text() string {
	widths := make([]int, len(t.Head))
	for _, row := range append([][]string{t.Head}, t.Rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var text strings.Builder
	fmt.Fprintf(&text, "== %s\n", t.Title)
	for _, row := range append([][]string{t.Head}, t.Rows...) {
		for i, cell := range row {
			padding := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				text.WriteString(cell + padding)
			} else {
				text.WriteString("  " + padding + cell)
			}
		}
		text.WriteString("\n")
	}
	for _, missed := range t.Missed {
		fmt.Fprintf(&text, "MISSED: %s\n", missed)
	}
	return text.String()
}

// Markdown is the table for a document.
func (t *Table) Markdown() string {
	var text strings.Builder
	fmt.Fprintf(&text, "## %s\n\n", t.Title)
	for _, note := range t.Notes {
		fmt.Fprintf(&text, "%s\n\n", note)
	}
	line := func(cells []string) { fmt.Fprintf(&text, "| %s |\n", strings.Join(cells, " | ")) }
	line(t.Head)
	rule := make([]string, len(t.Head))
	for i := range rule {
		rule[i] = "---:"
	}
	rule[0] = "---"
	line(rule)
	for _, row := range t.Rows {
		line(row)
	}
	for _, missed := range t.Missed {
		fmt.Fprintf(&text, "\n**Target missed:** %s\n", missed)
	}
	return text.String()
}

// Seconds shows a duration of seconds.
func Seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// Millis shows a duration of milliseconds.
func Millis(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}

// Ratio shows how often b is in a.
func Ratio(a, b float64) string { return fmt.Sprintf("×%.2f", a/b) }

// Median is the middle one of several times.
func Median(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[len(sorted)/2]
}
