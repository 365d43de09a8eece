// Package sshtest is an SSH server inside a test. It runs command lines with sh on the machine of the test.
package sshtest

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pkg/sftp"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
)

// Server accepts one user with one key or password.
type Server struct {
	// HostKey is the server's key as a line of authorized_keys.
	HostKey string
	// AcceptEnv are the variables that a client may set.
	AcceptEnv []string
	User      string
	Password  string

	login ssh.PublicKey
	host  ssh.Signer

	mu     sync.Mutex
	lines  []string
	logins int
}

// Key is a key pair: the private half as OpenSSH PEM, the public one as a line of authorized_keys.
type Key struct{ Private, Public string }

// NewKey makes a key.
func NewKey(t testing.TB) Key {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	block, err := ssh.MarshalPrivateKey(private, "")
	require.NoError(t, err)
	key, err := ssh.NewPublicKey(public)
	require.NoError(t, err)
	return Key{string(pem.EncodeToMemory(block)), strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))}
}

// New returns a server that admits the user with the key; it does not listen yet.
func New(t testing.TB, user string, login Key) *Server {
	t.Helper()
	host := NewKey(t)
	signer, err := ssh.ParsePrivateKey([]byte(host.Private))
	require.NoError(t, err)
	public, _, _, _, err := ssh.ParseAuthorizedKey([]byte(login.Public))
	require.NoError(t, err)
	return &Server{User: user, HostKey: host.Public, host: signer, login: public}
}

// Listen serves on an address of the loopback interface, port 0 for a free one, and returns the port.
func (s *Server) Listen(t testing.TB, address string) int {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	config := &ssh.ServerConfig{
		PublicKeyCallback: func(meta ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if meta.User() == s.User && slices.Equal(key.Marshal(), s.login.Marshal()) {
				return nil, nil
			}
			return nil, errors.New("unknown key")
		},
		PasswordCallback: func(meta ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			if s.Password != "" && meta.User() == s.User && string(password) == s.Password {
				return nil, nil
			}
			return nil, errors.New("wrong password")
		},
	}
	config.AddHostKey(s.host)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.serve(conn, config)
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port
}

// Lines are the command lines that were run, in order.
func (s *Server) Lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.lines)
}

// Logins counts the handshakes that succeeded.
func (s *Server) Logins() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}

func (s *Server) serve(conn net.Conn, config *ssh.ServerConfig) {
	server, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		_ = conn.Close()
		return
	}
	defer func() { _ = server.Close() }()
	s.mu.Lock()
	s.logins++
	s.mu.Unlock()
	go ssh.DiscardRequests(requests)
	for channel := range channels {
		switch channel.ChannelType() {
		case "session":
			go s.session(channel)
		case "direct-tcpip":
			go forward(channel)
		default:
			_ = channel.Reject(ssh.UnknownChannelType, "not offered")
		}
	}
}

func (s *Server) session(offered ssh.NewChannel) {
	channel, requests, err := offered.Accept()
	if err != nil {
		return
	}
	defer func() { _ = channel.Close() }()
	env := []string{"PATH=" + os.Getenv("PATH")}
	for request := range requests {
		switch request.Type {
		case "env":
			var v struct{ Name, Value string }
			known := ssh.Unmarshal(request.Payload, &v) == nil && slices.Contains(s.AcceptEnv, v.Name)
			if known {
				env = append(env, v.Name+"="+v.Value)
			}
			_ = request.Reply(known, nil)
		case "exec":
			var line struct{ Text string }
			if ssh.Unmarshal(request.Payload, &line) != nil {
				_ = request.Reply(false, nil)
				return
			}
			_ = request.Reply(true, nil)
			s.mu.Lock()
			s.lines = append(s.lines, line.Text)
			s.mu.Unlock()
			cmd := exec.Command("sh", "-c", line.Text)
			cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = env, channel, channel, channel.Stderr()
			code := run(cmd)
			_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Code uint32 }{code}))
			return
		case "subsystem":
			_ = request.Reply(true, nil)
			if files, err := sftp.NewServer(channel); err == nil {
				_ = files.Serve()
			}
			return
		default:
			_ = request.Reply(false, nil)
		}
	}
}

func run(cmd *exec.Cmd) uint32 {
	var exit *exec.ExitError
	if err := cmd.Run(); errors.As(err, &exit) {
		return uint32(exit.ExitCode())
	} else if err != nil {
		_, _ = fmt.Fprintln(cmd.Stderr, err)
		return 127
	}
	return 0
}

// forward connects a channel with an address, as a bastion does.
func forward(offered ssh.NewChannel) {
	var to struct {
		Host       string
		Port       uint32
		Origin     string
		OriginPort uint32
	}
	if err := ssh.Unmarshal(offered.ExtraData(), &to); err != nil {
		_ = offered.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	conn, err := net.Dial("tcp", net.JoinHostPort(to.Host, fmt.Sprint(to.Port)))
	if err != nil {
		_ = offered.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	channel, requests, err := offered.Accept()
	if err != nil {
		_ = conn.Close()
		return
	}
	go ssh.DiscardRequests(requests)
	go func() {
		defer func() { _ = channel.Close() }()
		defer func() { _ = conn.Close() }()
		_, _ = io.Copy(channel, conn)
	}()
	_, _ = io.Copy(conn, channel)
	_ = conn.Close()
}
