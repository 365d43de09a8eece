package model

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Redacted stands where a message would hold a secret.
const Redacted = "(secret)"

// shortest is from how many bytes on a secret is looked for inside words as well: a shorter one is in half of all words. A shorter number
// is not looked for at all: half of all counts are like it.
const shortest = 4

// Redact takes the stack's secret values out of a message, whoever wrote it. What the stack shows elsewhere in the clear, such as a user
// that is called like the database, is none.
func (s *Stack) Redact(message string) string {
	if s.redactor == nil {
		s.redactor = newRedactor(s.Resources)
	}
	return s.redactor.redact(message)
}

type redactor struct {
	anywhere *strings.Replacer
	words    *regexp.Regexp
}

func newRedactor(resources []*Resource) *redactor {
	var long, short []string
	seen := map[string]bool{}
	for _, r := range resources {
		for _, text := range r.openTexts {
			seen[text] = true
		}
	}
	add := func(text string) {
		switch {
		case text == "" || seen[text] || len(text) < shortest && isNumber(text):
		case len(text) < shortest:
			short = append(short, regexp.QuoteMeta(text))
		default:
			long = append(long, text)
		}
		seen[text] = true
	}
	for _, r := range resources {
		for _, text := range r.secretTexts {
			add(text)
			add(strings.TrimSpace(text))
			// As a message quotes it.
			quoted := strconv.Quote(text)
			add(quoted[1 : len(quoted)-1])
		}
	}
	// The longest first: one may begin another.
	slices.SortFunc(long, func(a, b string) int { return len(b) - len(a) })
	pairs := make([]string, 0, 2*len(long))
	for _, text := range long {
		pairs = append(pairs, text, Redacted)
	}
	r := &redactor{anywhere: strings.NewReplacer(pairs...)}
	if len(short) > 0 {
		r.words = regexp.MustCompile(`(^|[^\pL\pN])(?:` + strings.Join(short, "|") + `)($|[^\pL\pN])`)
	}
	return r
}

func isNumber(text string) bool {
	_, err := strconv.ParseFloat(text, 64)
	return err == nil
}

func (r *redactor) redact(message string) string {
	message = r.anywhere.Replace(message)
	if r.words != nil {
		// Twice: a word that follows another one shares what is between them.
		for range 2 {
			message = r.words.ReplaceAllString(message, "${1}"+Redacted+"${2}")
		}
	}
	return message
}
