package model_test

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model"
)

var update = flag.Bool("update", false, "collect vocabulary.txt anew")

// sentences are texts of several words, or of one: not names, paths and patterns.
var sentences = regexp.MustCompile(`^[a-z]+$| `)

// verbs stand for values.
var verbs = regexp.MustCompile(`%[+#]?\w`)

// own are words that are long enough to have a secret inside that is looked for there.
var own = regexp.MustCompile(`\b[A-Za-z][a-z]{4,}\b`)

func TestTheVocabularyIsOfWords(t *testing.T) {
	if *update {
		words := map[string]bool{}
		for _, root := range []string{"..", "../../infra", "../../cluster", "../../workloads"} {
			require.NoError(t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
				if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "test/") {
					return err
				}
				return collectWords(words, path)
			}))
		}
		require.NoError(t, os.WriteFile("vocabulary.txt", []byte(strings.Join(slices.Sorted(maps.Keys(words)), "\n")+"\n"), 0o600))
	}
	body, err := os.ReadFile("vocabulary.txt")
	require.NoError(t, err)
	words := strings.Fields(string(body))
	assert.Greater(t, len(words), 500)
	assert.True(t, slices.IsSorted(words))
	for _, word := range words {
		assert.Regexp(t, "^[a-z]{5,}$", word)
	}
	if !*update { // the one that is built in
		for _, word := range []string{"administrators", "Administrators", "database", "scheduler"} {
			assert.True(t, model.IsOwnWord(word), word)
		}
	}
	for _, word := range []string{"", "administrator5", "ADMINISTRATORS", "xadministrators", "hunter"} {
		assert.False(t, model.IsOwnWord(word), word)
	}
}

// collectWords reads what a file of Go writes in sentences.
func collectWords(words map[string]bool, path string) error {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		return err
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.Field: // its tag is none
			node.Tag = nil
		case *ast.BasicLit:
			text, err := strconv.Unquote(node.Value)
			if node.Kind != token.STRING || err != nil || !sentences.MatchString(text) {
				return true
			}
			for _, word := range own.FindAllString(verbs.ReplaceAllString(text, " "), -1) {
				words[strings.ToLower(word)] = true
			}
		}
		return true
	})
	return nil
}
