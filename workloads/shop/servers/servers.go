// Package servers starts PostgreSQL and Redis for tests, from Debian's packages, on the loopback address.
package servers

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// nobody runs the servers where the test runs as root, which PostgreSQL refuses.
const nobody = 65534

// startup is how long a server may take to answer.
const startup = 30 * time.Second

// Server is one that a test may end, halt and start again, at the same address.
type Server struct {
	t       *testing.T
	command []string
	port    int
	dir     string
	quit    os.Signal // ends it at once, without a farewell
	answers func(context.Context) error
	process *exec.Cmd
}

// Addr is the server's address.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// Start starts the server and returns when it answers.
func (s *Server) Start() {
	s.t.Helper()
	log, err := os.OpenFile(s.dir+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(s.t, err)
	defer func() { _ = log.Close() }()
	s.process = unprivileged(s.t.Context(), s.command...)
	s.process.Cancel = func() error { return s.process.Process.Signal(s.quit) }
	s.process.Stdout, s.process.Stderr = log, log
	require.NoError(s.t, s.process.Start())
	ctx, cancel := context.WithTimeout(s.t.Context(), startup)
	defer cancel()
	for {
		if err = s.answers(ctx); err == nil {
			return
		}
		select {
		case <-ctx.Done():
			text, _ := os.ReadFile(s.dir + ".log")
			s.t.Fatalf("%s does not answer: %v\n%s", s.command[0], err, text)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Kill ends the server as a crash does.
func (s *Server) Kill() {
	s.t.Helper()
	require.NoError(s.t, s.process.Process.Signal(s.quit))
	_ = s.process.Wait()
}

// Halt stops the server where it is: connections are taken and nobody answers.
func (s *Server) Halt() {
	s.t.Helper()
	require.NoError(s.t, s.process.Process.Signal(syscall.SIGSTOP))
	s.t.Cleanup(s.Resume)
}

// Resume lets a halted server go on.
func (s *Server) Resume() { _ = s.process.Process.Signal(syscall.SIGCONT) }

// unprivileged is a command that does not run as root.
func unprivileged(ctx context.Context, command ...string) *exec.Cmd {
	process := exec.CommandContext(ctx, command[0], command[1:]...)
	process.Dir = os.TempDir()
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() == 0 {
		process.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	return process
}

// directory is one that the server may write.
func directory(t *testing.T) string {
	t.Helper()
	// Not below t.TempDir, whose parents only root may enter.
	dir, err := os.MkdirTemp("", "shop-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir); _ = os.Remove(dir + ".log") })
	if os.Geteuid() == 0 {
		require.NoError(t, os.Chown(dir, nobody, nobody))
	}
	return dir
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port
}

// program finds a server that Debian's package keeps out of PATH.
func program(name, pattern string) (string, error) {
	found, err := filepath.Glob(filepath.Join(pattern, name))
	if err == nil && len(found) > 0 {
		return found[len(found)-1], nil
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s: not installed, `make prepare` does it", name)
	}
	return path, nil
}
