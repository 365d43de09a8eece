package model

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Redacted stands where a message would hold a secret.
const Redacted = "(secret)"

// shortest is from how many bytes on a secret is looked for inside words as well, but for own ones: a shorter one is in half of all words. A
// shorter number is not looked for at all: half of all counts are like it.
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
	// long are looked for anywhere, by their first byte and the longest first: one may begin another.
	long  map[byte][]string
	words *regexp.Regexp
}

func newRedactor(resources []*Resource) *redactor {
	r := &redactor{long: map[byte][]string{}}
	var short []string
	seen := map[string]bool{}
	for _, resource := range resources {
		for _, text := range resource.openTexts {
			seen[text] = true
		}
	}
	add := func(text string) {
		switch {
		case text == "" || seen[text] || len(text) < shortest && isNumber(text):
		case len(text) < shortest:
			short = append(short, regexp.QuoteMeta(text))
		default:
			r.long[text[0]] = append(r.long[text[0]], text)
		}
		seen[text] = true
	}
	for _, resource := range resources {
		for _, text := range resource.secretTexts {
			add(text)
			add(strings.TrimSpace(text))
			// As a message quotes it.
			quoted := strconv.Quote(text)
			add(quoted[1 : len(quoted)-1])
		}
	}
	for _, texts := range r.long {
		slices.SortFunc(texts, func(a, b string) int { return len(b) - len(a) })
	}
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
	message = r.anywhere(message)
	if r.words != nil {
		// Twice: a word that follows another one shares what is between them.
		for range 2 {
			message = r.words.ReplaceAllString(message, "${1}"+Redacted+"${2}")
		}
	}
	return message
}

// anywhere takes the long secrets out, wherever one is but inside an own word. What is left there may begin another one.
func (r *redactor) anywhere(message string) string {
	var kept strings.Builder
	from := 0
	for i := 0; i < len(message); {
		length := r.at(message, i)
		if length == 0 {
			i++
			continue
		}
		kept.WriteString(message[from:i] + Redacted)
		i += length
		from = i
	}
	if from == 0 {
		return message
	}
	return kept.String() + message[from:]
}

// at is the length of the longest secret that begins here, 0 where none does.
func (r *redactor) at(message string, begin int) int {
	for _, text := range r.long[message[begin]] {
		if strings.HasPrefix(message[begin:], text) && !insideOwnWord(message, begin, begin+len(text)) {
			return len(text)
		}
	}
	return 0
}
