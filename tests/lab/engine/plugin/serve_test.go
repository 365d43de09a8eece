package plugin_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"k8s.io/apimachinery/pkg/util/wait"

	"ecommerce-platform/tests/lab/engine/plugin"
)

// role makes the test binary play an engine or its plugin.
const role = "PLUGIN_TEST_ROLE"

const (
	engine   = "engine"
	provider = "provider"
	// A hasty engine starts a slow plugin, which does not serve before that engine is gone.
	hasty = "hasty engine"
	slow  = "slow plugin"
)

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case engine, hasty:
		if os.Setenv(role, map[string]string{engine: provider, hasty: slow}[os.Getenv(role)]) != nil {
			os.Exit(1)
		}
		cmd := exec.Command(os.Args[0])
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if cmd.Start() != nil {
			os.Exit(1)
		}
		println("pid", cmd.Process.Pid)
		_ = cmd.Wait()
	case provider:
		serve(func() {})
	case slow:
		parent := os.Getppid()
		serve(func() {
			fmt.Println("registers")
			_ = wait.PollUntilContextCancel(context.Background(), 10*time.Millisecond, true, func(context.Context) (bool, error) {
				return os.Getppid() != parent, nil
			})
		})
	default:
		os.Exit(m.Run())
	}
}

func serve(register func()) {
	if plugin.Serve(func(*grpc.Server, string) (func(), error) { register(); return func() {}, nil }) != nil {
		os.Exit(1)
	}
}

func TestServe(t *testing.T) {
	for name, c := range map[string]struct{ engine, first string }{
		"a_plugin_ends_with_an_engine_that_was_killed":                          {engine, `^\d+$`},
		"a_plugin_ends_with_an_engine_that_was_killed_before_the_plugin_served": {hasty, "^registers$"},
	} {
		t.Run(name, func(t *testing.T) {
			engine := exec.Command(os.Args[0])
			engine.Env = append(os.Environ(), role+"="+c.engine)
			// Not the command's own pipe, which ends with the engine: a plugin that writes would then end for that.
			stdout, out, err := os.Pipe()
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, errors.Join(stdout.Close(), out.Close())) })
			engine.Stdout = out
			stderr, err := engine.StderrPipe()
			require.NoError(t, err)
			require.NoError(t, engine.Start())

			line, err := bufio.NewReader(stderr).ReadString('\n')
			require.NoError(t, err)
			pid, err := strconv.Atoi(strings.TrimPrefix(strings.TrimSpace(line), "pid "))
			require.NoError(t, err)
			first, err := bufio.NewReader(stdout).ReadString('\n')
			require.NoError(t, err)
			require.Regexp(t, c.first, strings.TrimSpace(first), "a plugin's first line is its port")

			require.NoError(t, engine.Process.Kill())
			_ = engine.Wait()
			require.Eventually(t, func() bool { return !running(pid) }, 30*time.Second, 100*time.Millisecond)
		})
	}
}

// running is whether the process exists and is no zombie, which nobody may be there to collect.
func running(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}
