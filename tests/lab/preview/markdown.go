package preview

import (
	"fmt"
	"strings"
)

// valueLength is how much of a property a comment shows.
const valueLength = 160

// cell makes text safe inside a line of Markdown: it stays on one line and is neither markup nor a column.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "`", "'", "*", `\*`, "_", `\_`, "[", `\[`).Replace(html(text))
}

// html makes text safe inside an element, where Markdown is not read.
func html(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(strings.Join(strings.Fields(text), " "))
}

// fold is a part that is closed until somebody opens it.
func fold(summary, body string) string {
	return fmt.Sprintf("<details><summary>%s</summary>\n\n%s\n\n</details>", html(summary), strings.TrimSpace(body))
}

// fenced is a block of code that its own content cannot end.
func fenced(language string, lines []string) string {
	fence := "```"
	for _, line := range lines {
		for strings.Contains(line, fence) {
			fence += "`"
		}
	}
	return fmt.Sprintf("%s%s\n%s\n%s", fence, language, strings.Join(lines, "\n"), fence)
}

func list(items []string) string {
	lines := make([]string, len(items))
	for i, item := range items {
		lines[i] = "- " + cell(item)
	}
	return strings.Join(lines, "\n")
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
