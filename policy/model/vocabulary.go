package model

import (
	_ "embed"
	"strings"
	"unicode"
	"unicode/utf8"
)

// vocabulary are words that the program and this pack write in their own sentences, whatever a stack holds: `go test ./model -update`
// collects them anew.
//
//go:embed vocabulary.txt
var vocabulary string

var ownWords = func() map[string]bool {
	words := map[string]bool{}
	for _, word := range strings.Fields(vocabulary) {
		words[word] = true
	}
	return words
}()

// IsOwnWord tells whether a word is one that is written whatever a stack holds. Whoever reads it learns nothing from it, also where a part
// of it happens to be a secret, such as the user admin of administrators.
func IsOwnWord(word string) bool {
	first, size := utf8.DecodeRuneInString(word)
	return ownWords[string(unicode.ToLower(first))+word[size:]]
}

// insideOwnWord tells whether a part of a message is less than the own word around it. One that is a whole word is not: it is the value
// itself.
func insideOwnWord(message string, begin, end int) bool {
	from := strings.LastIndexFunc(message[:begin], notLetter)
	if from >= 0 {
		_, size := utf8.DecodeRuneInString(message[from:])
		from += size
	} else {
		from = 0
	}
	to := strings.IndexFunc(message[end:], notLetter)
	if to >= 0 {
		to += end
	} else {
		to = len(message)
	}
	return to-from > end-begin && IsOwnWord(message[from:to])
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) }
