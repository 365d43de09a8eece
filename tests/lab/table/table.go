// Package table lays rows out for a person who watches and for a document.
package table

import (
	"fmt"
	"strings"
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

// Markdown is the table for a document, with its title, notes and missed targets, figures to the right.
func (t *Table) Markdown() string {
	var text strings.Builder
	fmt.Fprintf(&text, "## %s\n\n", t.Title)
	for _, note := range t.Notes {
		fmt.Fprintf(&text, "%s\n\n", note)
	}
	text.WriteString(markdown(t.Head, t.Rows, "---:"))
	for _, missed := range t.Missed {
		fmt.Fprintf(&text, "\n**Target missed:** %s\n", missed)
	}
	return text.String()
}

// Markdown is rows under a header. What must be escaped in a cell is, but for its ends of lines, the caller's to know.
func Markdown(head []string, rows [][]string) string { return markdown(head, rows, "---") }

// markdown aligns the columns after the first as others says.
func markdown(head []string, rows [][]string, others string) string {
	var text strings.Builder
	line := func(cells []string) {
		fmt.Fprintf(&text, "| %s |\n", strings.ReplaceAll(strings.Join(cells, " | "), "\n", " "))
	}
	line(head)
	rule := []string{"---"}
	for range head[1:] {
		rule = append(rule, others)
	}
	line(rule)
	for _, row := range rows {
		line(row)
	}
	return text.String()
}
