package pulumitest

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

var update = flag.Bool("update", false, "rewrite golden files below testdata with what the tests got")

// Golden compares got with the file testdata/name of the test's package; `go test -update` writes the file instead.
func Golden(t testing.TB, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", filepath.FromSlash(name))
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run the test with -update to write it)", err)
	}
	assert.Equal(t, string(want), got, "differs from %s (run the test with -update to accept)", path)
}

// Section compares got with what stands between the marks <!-- name:begin --> and <!-- name:end --> of a page that people
// write, a path from the test's package; `go test -update` writes it there.
func Section(t testing.TB, page, name, got string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+name+":begin -->\n", "<!-- "+name+":end -->\n"
	before, rest, begins := strings.Cut(string(text), begin)
	listed, after, ends := strings.Cut(rest, end)
	if !begins || !ends {
		t.Fatalf("%s: lacks %q or %q", page, begin, end)
	}
	if *update {
		if err := os.WriteFile(page, []byte(before+begin+got+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	assert.Equal(t, listed, got, "differs from %s (run the test with -update to accept)", page)
}
