package plugin_test

import (
	"bufio"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"ecommerce-platform/tests/lab/engine/plugin"
)

// role makes the test binary play an engine or its plugin.
const role = "PLUGIN_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "engine":
		if os.Setenv(role, "plugin") != nil {
			os.Exit(1)
		}
		cmd := exec.Command(os.Args[0])
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if cmd.Start() != nil {
			os.Exit(1)
		}
		println("pid", cmd.Process.Pid)
		_ = cmd.Wait()
	case "plugin":
		if plugin.Serve(func(*grpc.Server, string) (func(), error) { return func() {}, nil }) != nil {
			os.Exit(1)
		}
	default:
		os.Exit(m.Run())
	}
}

func TestServe(t *testing.T) {
	t.Run("a_plugin_ends_with_an_engine_that_was_killed", func(t *testing.T) {
		engine := exec.Command(os.Args[0])
		engine.Env = append(os.Environ(), role+"=engine")
		stdout, err := engine.StdoutPipe()
		require.NoError(t, err)
		stderr, err := engine.StderrPipe()
		require.NoError(t, err)
		require.NoError(t, engine.Start())

		line, err := bufio.NewReader(stderr).ReadString('\n')
		require.NoError(t, err)
		pid, err := strconv.Atoi(strings.TrimPrefix(strings.TrimSpace(line), "pid "))
		require.NoError(t, err)
		port, err := bufio.NewReader(stdout).ReadString('\n')
		require.NoError(t, err)
		_, err = strconv.Atoi(strings.TrimSpace(port))
		require.NoError(t, err, "the first line is the port")

		require.NoError(t, engine.Process.Kill())
		_ = engine.Wait()
		require.Eventually(t, func() bool { return !running(pid) }, 30*time.Second, 100*time.Millisecond)
	})
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
