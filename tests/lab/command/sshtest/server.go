// Package sshtest is an SSH server inside a test. It runs command lines with sh on the machine of the test, or answers them
// itself.
package sshtest

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
)

// Server accepts one user with one key.
type Server struct {
	// HostKey is the server's key as a line of authorized_keys.
	HostKey string
	User    string
	// AcceptEnv are the variables that a client may set.
	AcceptEnv []string
	// Answer takes the place of the shell.
	Answer func(*Session)
	// Silent accepts connections and says nothing.
	Silent bool

	login ssh.PublicKey
	hosts []ssh.Signer

	mu     sync.Mutex
	seen   Seen
	logins int
}

// Seen is what a server saw of its clients.
type Seen struct {
	// Dials are connections, whatever became of them.
	Dials int
	// Lines are the command lines that were run, in order, and Stdin what the last one read.
	Lines []string
	Stdin string
	// Env are the names of the variables that a client wanted to set.
	Env []string
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
	return &Server{User: user, HostKey: host.Public, hosts: []ssh.Signer{signer}, login: public}
}

// AddHostKey makes the server show another key to clients that do not ask for its first one.
func (s *Server) AddHostKey(signer ssh.Signer) { s.hosts = append(s.hosts, signer) }

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
	}
	for _, host := range s.hosts {
		config.AddHostKey(host)
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.note(func(seen *Seen) { seen.Dials++ })
			if s.Silent {
				t.Cleanup(func() { _ = conn.Close() })
				continue
			}
			go s.serve(conn, config)
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port
}

// Lines are the command lines that were run, in order.
func (s *Server) Lines() []string { return s.Seen().Lines }

// Seen is what the server saw since Forget.
func (s *Server) Seen() Seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.seen
	seen.Lines, seen.Env = slices.Clone(seen.Lines), slices.Clone(seen.Env)
	return seen
}

// Forget makes Seen start again.
func (s *Server) Forget() { s.note(func(seen *Seen) { *seen = Seen{} }) }

// Logins counts the handshakes that succeeded.
func (s *Server) Logins() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}

func (s *Server) note(what func(*Seen)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	what(&s.seen)
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
		if channel.ChannelType() == "session" {
			go s.session(channel, conn)
		} else {
			_ = channel.Reject(ssh.UnknownChannelType, "not offered")
		}
	}
}
