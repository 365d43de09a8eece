package toolchain

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestKey(t *testing.T) {
	assert.Equal(t, "700dfd192c1f", Key("a", "b"))
	assert.Len(t, Key(), keyLength)
	for name, other := range map[string][]string{
		"joined":  {"ab"},
		"swapped": {"b", "a"},
		"longer":  {"a", "b", ""},
	} {
		t.Run(name+" parts have another key", func(t *testing.T) {
			assert.NotEqual(t, Key("a", "b"), Key(other...))
		})
	}
}

func TestTreeKey(t *testing.T) {
	make := func(t *testing.T, change func(dir string)) string {
		dir := t.TempDir()
		require.NoError(t, os.MkdirAll(filepath.Join(dir, "sub"), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "sub", "file"), []byte("text"), 0o644))
		change(dir)
		key, err := TreeKey(dir)
		require.NoError(t, err)
		return key
	}
	same := make(t, func(string) {})
	t.Run("the same content elsewhere has the same key", func(t *testing.T) {
		assert.Equal(t, same, make(t, func(string) {}))
	})
	for name, change := range map[string]func(dir string) error{
		"other content": func(dir string) error { return os.WriteFile(filepath.Join(dir, "sub", "file"), []byte("test"), 0o644) },
		"another name": func(dir string) error {
			return os.Rename(filepath.Join(dir, "sub", "file"), filepath.Join(dir, "file"))
		},
		"one file more":      func(dir string) error { return os.WriteFile(filepath.Join(dir, "more"), nil, 0o644) },
		"a link to nothing":  func(dir string) error { return os.Symlink("nothing", filepath.Join(dir, "link")) },
		"execute permission": func(dir string) error { return os.Chmod(filepath.Join(dir, "sub", "file"), 0o755) },
	} {
		t.Run(name+" changes the key", func(t *testing.T) {
			assert.NotEqual(t, same, make(t, func(dir string) { require.NoError(t, change(dir)) }))
		})
	}
}

func TestPinKey(t *testing.T) {
	pin := func() Pin {
		return Pin{
			Name: "some", Binaries: []Binary{{"b", "p"}}, Stamps: []string{"v=1"}, Files: []File{{"m", "p", "n"}},
		}
	}
	base := pin().keyOf("tree", "go1")
	for name, key := range map[string]string{
		"the module's files": pin().keyOf("other", "go1"),
		"the Go version":     pin().keyOf("tree", "go2"),
		"a stamp":            func() string { p := pin(); p.Stamps[0] = "v=2"; return p.keyOf("tree", "go1") }(),
		"a package":          func() string { p := pin(); p.Binaries[0].Package = "q"; return p.keyOf("tree", "go1") }(),
		"a file":             func() string { p := pin(); p.Files[0].Path = "q"; return p.keyOf("tree", "go1") }(),
	} {
		t.Run(name+" decides what is built", func(t *testing.T) { assert.NotEqual(t, base, key) })
	}
}

func TestSourcesKeyCoversModulesBeside(t *testing.T) {
	compiled, err := Run(t.Context(), "go", "env", "GOCACHE")
	require.NoError(t, err)
	t.Setenv("GOCACHE", strings.TrimSpace(compiled))
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	top := t.TempDir()
	write := func(path, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(top, path)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(top, path), []byte(text), 0o644))
	}
	write("beside/go.mod", "module example.com/beside\n\ngo 1.26\n")
	write("beside/text.go", "package beside\n\nconst Text = \"one\"\n")
	write("tool/go.mod", "module example.com/tool\n\ngo 1.26\n\nrequire example.com/beside v0.0.0\n\nreplace example.com/beside => ../beside\n")
	write("tool/main.go", "package main\n\nimport \"example.com/beside\"\n\nfunc main() { print(beside.Text) }\n")
	says := func() (string, string) {
		path, err := ownIn(t.Context(), filepath.Join(top, "tool"), "tool", ".")
		require.NoError(t, err)
		out, err := exec.CommandContext(t.Context(), path).CombinedOutput()
		require.NoError(t, err)
		return path, string(out)
	}
	first, text := says()
	assert.Equal(t, "one", text)
	again, _ := says()
	assert.Equal(t, first, again)
	write("beside/text.go", "package beside\n\nconst Text = \"two\"\n")
	other, text := says()
	assert.Equal(t, "two", text)
	assert.NotEqual(t, first, other)
	require.NoError(t, os.RemoveAll(filepath.Dir(other)))
	rebuilt, text := says()
	assert.Equal(t, "two", text, "what is gone is built again")
	assert.Equal(t, other, rebuilt)
}
