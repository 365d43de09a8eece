package lifecycle

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/toolchain"
)

// edit is one place of the program, and what stands there instead.
type edit struct{ file, old, new string }

// with puts new in the place of old.
func with(file, old, new string) edit { return edit{file, old, new} }

// withoutRule takes a row out of the table of security group rules.
func withoutRule(row string) edit { return edit{file: rulesTable, old: row} }

// withoutFlow takes a row out of the table of who may speak to whom.
func withoutFlow(row string) edit { return edit{file: flowsTable, old: row} }

// apply edits a program. A text that is there more than once, or not at all, is an error: then the table is out of date.
func (e edit) apply(program string) error {
	path := filepath.Join(program, e.file)
	body, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text := string(body)
	if n := strings.Count(text, e.old); n != 1 {
		return fmt.Errorf("%s: has %q %d times, the edit needs it once", e.file, e.old, n)
	}
	old := e.old
	if e.new == "" {
		at := strings.Index(text, e.old)
		begin := strings.LastIndexByte(text[:at], '\n') + 1
		end := at + strings.IndexByte(text[at:], '\n') + 1
		old = text[begin:end]
	}
	return os.WriteFile(path, []byte(strings.Replace(text, old, e.new, 1)), 0o600)
}

// copyProgram makes dir a copy of the program, without its tests.
func copyProgram(t *testing.T, dir string) {
	t.Helper()
	source, err := toolchain.Source("..", "..")
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(dir))
	require.NoError(t, os.MkdirAll(dir, 0o700))
	for _, layer := range []string{"infra", "cluster", "workloads"} {
		require.NoError(t, os.CopyFS(filepath.Join(dir, layer), os.DirFS(filepath.Join(source, layer))))
	}
	files, err := filepath.Glob(filepath.Join(source, "*"))
	require.NoError(t, err)
	for _, file := range files {
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && !strings.HasSuffix(file, "_test.go") {
			require.NoError(t, toolchain.Copy(file, filepath.Join(dir, filepath.Base(file))))
		}
	}
}

// Without a lab: a program that has moved on takes the table with it.
func TestEveryMutationFitsTheProgram(t *testing.T) {
	all := t.TempDir()
	copyProgram(t, all)
	for _, mutation := range mutations {
		for _, edit := range mutation.edits {
			require.NoError(t, edit.apply(all), mutation.name)
		}
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "./infra", "./cluster", "./workloads")
	build.Dir = all
	output, err := build.CombinedOutput()
	require.NoError(t, err, "the edited program still compiles: %s", output)
}
