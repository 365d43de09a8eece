//go:build lab

package lifecycle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/labtest"
	"ecommerce-platform/tests/lab/toolchain"
)

// testMutations breaks the program in one way after the other, and watches which tests fail: a lab that never fails proves nothing.
func testMutations(chosen []mutation) func(*testing.T) {
	return func(t *testing.T) {
		tests := buildTests(t)
		for _, mutation := range chosen {
			t.Run(mutation.name, func(t *testing.T) { mutation.run(t, tests) })
		}
	}
}

// run deploys the broken program, sees which tests fail, and deploys the right one again.
func (m mutation) run(t *testing.T, tests string) {
	start := time.Now()
	// A directory of the lab's own: a program that is built in the same place replaces the one before.
	dir := filepath.Join(shop.Dir, "mutations", "ecommerce-platform")
	copyProgram(t, dir)
	for _, edit := range m.edits {
		require.NoError(t, edit.apply(dir))
	}
	stack, err := shop.StackOf(t.Context(), dir)
	require.NoError(t, err)
	if len(m.edits) > 0 {
		defer mend(t)
	}
	result, err := stack.Up(t.Context())
	if len(m.refused) > 0 {
		for _, words := range m.refused {
			require.ErrorContains(t, err, words)
		}
		note(t, "mutation: "+m.name, "up refused in %s", time.Since(start).Round(time.Second))
		return
	}
	require.NoError(t, err)
	assert.Equal(t, len(m.edits) > 0, len(result.Changed()) > 0, "the edit changes something: %v", result.Describe())
	if m.disrupt != "" {
		for _, node := range shop.NodeNames() {
			_, err := shop.OnMachine(t.Context(), node, "sh", "-c", m.disrupt)
			require.NoError(t, err)
		}
	}
	failed := runTests(t, tests, dir, m.looks)
	assert.Equal(t, slices.Sorted(maps.Keys(m.fails)), slices.Sorted(maps.Keys(failed)), "these tests fail, and no other")
	for test, words := range m.fails {
		assert.Contains(t, failed[test], words, test)
	}
	note(t, "mutation: "+m.name, "%d of %d tests failed in %s: %s", len(failed), len(m.looks), time.Since(start).Round(time.Second),
		strings.Join(slices.Sorted(maps.Keys(failed)), ", "))
}

// mend deploys the program as it is, and waits until the platform is whole again and the shop's tiers meet.
func mend(t *testing.T) {
	t.Helper()
	_, err := shop.Stack.Up(t.Context())
	require.NoError(t, err)
	requireWhole(t)
	labtest.Eventually(t, time.Minute, func() error {
		status, _, body, err := shop.Fetch(t.Context(), "/data")
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("/data: %d: %s", status, body)
		}
		return err
	})
}

// buildTests compiles the end-to-end tests, as `go test` would run them.
func buildTests(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "e2e.test")
	source, err := toolchain.Source()
	require.NoError(t, err)
	build := exec.CommandContext(t.Context(), "go", "test", "-tags", "lab", "-c", "-o", binary, "./e2e")
	build.Dir = source
	output, err := build.CombinedOutput()
	require.NoError(t, err, string(output))
	return binary
}

// runTests runs end-to-end tests on the lab as it is, and returns what those that failed said.
func runTests(t *testing.T, binary, program string, names []string) map[string]string {
	t.Helper()
	source, err := toolchain.Source("e2e")
	require.NoError(t, err)
	run := exec.CommandContext(t.Context(), binary, "-test.v=test2json", "-test.run", "^("+strings.Join(names, "|")+")$",
		"-attach", "-lab", options.Name, "-block", options.VpcCidr, "-program", program)
	run.Dir = source
	var output bytes.Buffer
	run.Stdout, run.Stderr = &output, &output
	runErr := run.Run()
	failed, ended := outcomes(t, output.String())
	for _, name := range names {
		require.Contains(t, ended, name, "the test ran to its end (%v): %s", runErr, output.String())
	}
	return failed
}

// outcomes reads what tests printed: the words of those that failed, and all that ended.
func outcomes(t *testing.T, output string) (failed map[string]string, ended []string) {
	t.Helper()
	convert := exec.CommandContext(t.Context(), "go", "tool", "test2json")
	convert.Stdin = strings.NewReader(output)
	events, err := convert.Output()
	require.NoError(t, err)
	words := map[string]string{}
	failed = map[string]string{}
	for decoder := json.NewDecoder(bytes.NewReader(events)); ; {
		var event struct{ Action, Test, Output string }
		err := decoder.Decode(&event)
		if errors.Is(err, io.EOF) {
			return failed, ended
		}
		require.NoError(t, err)
		test, subtest, _ := strings.Cut(event.Test, "/")
		words[test] += event.Output
		if event.Test == "" || subtest != "" {
			continue
		}
		switch event.Action {
		case "fail":
			failed[test] = words[test]
			ended = append(ended, test)
		case "pass":
			ended = append(ended, test)
		}
	}
}
