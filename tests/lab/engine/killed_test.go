package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// killedIn names the directory of the process that TestTheCLIEndsWithItsCaller kills.
const killedIn = "ENGINE_TEST_KILLED_IN"

// A killed `make up` or test must leave no pulumi at work: the next one takes its lock of the stack away.
func TestTheCLIEndsWithItsCaller(t *testing.T) {
	if dir := os.Getenv(killedIn); dir != "" {
		workspace := &Workspace{options: Options{Dir: dir}, cli: filepath.Join(dir, "pulumi"), env: os.Environ()}
		_, err := workspace.run(context.Background(), call{dir: dir, args: []string{"up"}})
		t.Fatal("the stand-in for pulumi ended by itself:", err)
	}

	dir := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\necho $$ >%[1]s/pid.new\nmv %[1]s/pid.new %[1]s/pid\nexec sleep 600\n", dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "pulumi"), []byte(script), 0o755))
	caller := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	caller.Env = append(os.Environ(), killedIn+"="+dir)
	require.NoError(t, caller.Start())

	var cli int
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(filepath.Join(dir, "pid"))
		if err != nil {
			return false
		}
		cli, err = strconv.Atoi(strings.TrimSpace(string(text)))
		return err == nil
	}, time.Minute, 20*time.Millisecond, "the CLI starts")
	require.NoError(t, caller.Process.Kill())
	require.Error(t, caller.Wait())
	require.Eventually(t, func() bool { return !runs(cli) }, time.Minute, 20*time.Millisecond, "the CLI is gone")
}

// runs tells whether a process is there and not only waited for.
func runs(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return err == nil && !strings.Contains(string(status), "State:\tZ")
}
