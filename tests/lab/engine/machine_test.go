package engine_test

import (
	"context"
	"io"
	"net"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"ecommerce-platform/tests/lab/command/sshtest"
	"ecommerce-platform/tests/lab/engine"
	"ecommerce-platform/tests/lab/toolchain"
)

// dials is how often the provider tries to connect before the program looks for itself.
const dials = 16

// TestMachinesThatDoNotAnswerAsTheyShould puts an SSH server in the place of a machine.
func TestMachinesThatDoNotAnswerAsTheyShould(t *testing.T) {
	login, another := sshtest.NewKey(t), sshtest.NewKey(t)
	newServer := func(t *testing.T) *sshtest.Server {
		server := sshtest.New(t, "admin", login)
		server.Answer = func(session *sshtest.Session) { session.Exit(0) }
		return server
	}
	t.Run("another_host_key_is_named_soon", func(t *testing.T) {
		t.Parallel()
		server := newServer(t)
		port := server.Listen(t, "127.0.0.1:0")
		_, err := machineStack(t, port, login, another.Public).Up(t.Context())
		require.ErrorContains(t, err, "node node-1 at 127.0.0.1:"+strconv.Itoa(port)+": host key "+fingerprint(t, server.HostKey)+
			" is not the pinned "+fingerprint(t, another.Public))
		assert.LessOrEqual(t, server.Seen().Dials, dials+2, "the program looks before and after the provider has dialled")
	})
	t.Run("silence_ends", func(t *testing.T) {
		t.Parallel()
		server := newServer(t)
		server.Silent = true
		port := server.Listen(t, "127.0.0.1:0")
		_, err := machineStack(t, port, login, server.HostKey).Up(t.Context())
		require.ErrorContains(t, err, "node node-1 at 127.0.0.1:"+strconv.Itoa(port)+": accepts connections and says nothing")
	})
	t.Run("a_slow_boot_is_waited_for", func(t *testing.T) {
		t.Parallel()
		server := newServer(t)
		// The address answers as a forwarder does whose machine boots, for longer than the provider dials.
		port := forwardAfter(t, dials+3, server.Listen(t, "127.0.0.1:0"))
		up, err := machineStack(t, port, login, server.HostKey).Up(t.Context())
		require.NoError(t, err)
		assert.Contains(t, up.Describe(), "create command:remote:Command test-node-1-files")
		assert.Len(t, server.Lines(), 2)
	})
	// What is taken back has no hooks: a destroy runs without the program. docs/operations.md has the way out.
	t.Run("what_is_taken_back_goes_on_after_a_reboot", func(t *testing.T) {
		t.Parallel()
		server := newServer(t)
		machine := newGate(t, server.Listen(t, "127.0.0.1:0"))
		stack := machineStack(t, machine.port, login, server.HostKey)
		_, err := stack.Up(t.Context())
		require.NoError(t, err)
		machine.silent.Store(true)
		done := make(chan error)
		go func() {
			_, err := stack.Destroy(context.WithoutCancel(t.Context()))
			done <- err
		}()
		held := <-machine.held
		machine.silent.Store(false)
		require.NoError(t, held.Close())
		require.NoError(t, <-done)
		assert.Contains(t, server.Lines()[2], "undo.sh")
	})
}

// gate is a machine in front of a server, which may go silent.
type gate struct {
	port   int
	silent atomic.Bool
	// held are the connections that it accepted in silence.
	held chan net.Conn
}

func newGate(t *testing.T, port int) *gate {
	t.Helper()
	g := &gate{held: make(chan net.Conn)}
	g.port = listen(t, func(client net.Conn) {
		if g.silent.Load() {
			g.held <- client
			return
		}
		pass(client, port)
	})
	return g
}

// machineStack is a stack of one machine, which is reached at a port of this one.
func machineStack(t *testing.T, port int, login sshtest.Key, hostKey string) *engine.Stack {
	t.Helper()
	program, err := toolchain.Source("..", "..", "cluster", "step", "testdata", "machine")
	require.NoError(t, err)
	workspace, err := engine.New(t.Context(), engine.Options{Program: program, Dir: t.TempDir()})
	require.NoError(t, err)
	stack, err := workspace.Stack(t.Context(), "test")
	require.NoError(t, err)
	require.NoError(t, stack.Configure("", map[string]any{"port": strconv.Itoa(port), "hostKey": hostKey}))
	require.NoError(t, stack.SetSecret(t.Context(), "loginKey", login.Private))
	return stack
}

// forwardAfter passes connections on once it has ended some of them without a word.
func forwardAfter(t *testing.T, ended int32, port int) int {
	t.Helper()
	var seen atomic.Int32
	return listen(t, func(client net.Conn) {
		if seen.Add(1) <= ended {
			_ = client.Close()
			return
		}
		pass(client, port)
	})
}

// listen hands each connection to a free port to serve, and returns the port.
func listen(t *testing.T, serve func(client net.Conn)) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go serve(client)
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port
}

// pass connects a client with a port.
func pass(client net.Conn, port int) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	go func() { _, _ = io.Copy(server, client) }()
	_, _ = io.Copy(client, server)
}

func fingerprint(t *testing.T, authorized string) string {
	t.Helper()
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(authorized))
	require.NoError(t, err)
	return ssh.FingerprintSHA256(key)
}
