package comment

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// valueLength is how much of a property a comment shows, and textLength of any other value.
const (
	valueLength = 160
	textLength  = 2000
)

// zeroWidth is put where GitHub would take a text for a mention, a reference or an emoji, after Markdown has been read.
const zeroWidth = "\u200b"

var (
	entities = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	// marks are what Markdown and GitHub's extensions read inside a line.
	marks = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "|", `\|`, "~", `\~`,
		"$", "&#36;", "://", "&#58;//", "www.", "www&#46;")
	calls    = strings.NewReplacer("@", "@"+zeroWidth, "#", "#"+zeroWidth)
	emoji    = regexp.MustCompile(`:([A-Za-z0-9_+-]+):`)
	numbered = regexp.MustCompile(`^(\d+)([.)])`)
)

// plain is one line of text without control characters and without marks that turn or hide what stands beside them.
func plain(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, text)
	return shorten(strings.Join(strings.Fields(text), " "), textLength)
}

// inElement makes a value safe inside an element, where Markdown is not read.
func inElement(text string) string {
	return calls.Replace(entities.Replace(emoji.ReplaceAllString(plain(text), ":"+zeroWidth+"$1:")))
}

// cell makes a value safe inside a line of Markdown: it stays on one line and is neither markup nor a column.
func cell(text string) string {
	text = emoji.ReplaceAllString(plain(text), ":"+zeroWidth+"$1:")
	return marks.Replace(calls.Replace(entities.Replace(text)))
}

// item makes a value safe where a line begins, which a dash or a number would make a list.
func item(text string) string {
	text = cell(text)
	if strings.HasPrefix(text, "-") || strings.HasPrefix(text, "+") || strings.HasPrefix(text, "=") {
		return `\` + text
	}
	return numbered.ReplaceAllString(text, `$1\$2`)
}

// fold is a part that is closed until somebody opens it.
func fold(summary, body string) string {
	return fmt.Sprintf("<details><summary>%s</summary>\n\n%s\n\n</details>", inElement(summary), strings.TrimSpace(body))
}

// fenced is a block of code that its own content cannot end.
func fenced(language string, lines []string) string {
	fence := "```"
	clean := make([]string, len(lines))
	for i, line := range lines {
		// Spaces stand for themselves here: they indent.
		indent := len(line) - len(strings.TrimLeft(line, " "))
		clean[i] = strings.Repeat(" ", min(indent, 8)) + plain(line)
		for strings.Contains(clean[i], fence) {
			fence += "`"
		}
	}
	return fmt.Sprintf("%s%s\n%s\n%s", fence, language, strings.Join(clean, "\n"), fence)
}

func list(items []string) string {
	lines := make([]string, len(items))
	for i, text := range items {
		lines[i] = "- " + item(text)
	}
	return strings.Join(lines, "\n")
}

// table is rows under a header. What must be escaped in a cell is the caller's to know.
func table(head []string, rows [][]string) string {
	var text strings.Builder
	for i, row := range append([][]string{head}, rows...) {
		fmt.Fprintf(&text, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			text.WriteString("|" + strings.Repeat(" --- |", len(head)) + "\n")
		}
	}
	return text.String()
}

func shorten(text string, length int) string {
	if runes := []rune(text); len(runes) > length {
		return string(runes[:length]) + "…"
	}
	return text
}

// count is a number with its noun: 1 pod, 2 pods.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
