package sshtest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// Session is one run of a command line, for a Server's Answer.
type Session struct {
	Line           string
	Stdout, Stderr io.Writer

	channel ssh.Channel
	conn    net.Conn
}

// Exit ends the run with a status.
func (s *Session) Exit(status int) {
	_, _ = s.channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{uint32(status)}))
}

// Kill ends the run as a signal does, named without SIG.
func (s *Session) Kill(signal string) {
	_, _ = s.channel.SendRequest("exit-signal", false, ssh.Marshal(struct {
		Signal         string
		Dumped         bool
		Reason, Locale string
	}{Signal: signal}))
}

// Drop ends the connection without a word.
func (s *Session) Drop() { _ = s.conn.Close() }

func (s *Server) session(offered ssh.NewChannel, conn net.Conn) {
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
			s.note(func(seen *Seen) { seen.Env = append(seen.Env, v.Name) })
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
			s.run(&Session{line.Text, channel, channel.Stderr(), channel, conn}, env)
			return
		default:
			_ = request.Reply(false, nil)
		}
	}
}

func (s *Server) run(session *Session, env []string) {
	stdin, _ := io.ReadAll(session.channel)
	s.note(func(seen *Seen) { seen.Lines, seen.Stdin = append(seen.Lines, session.Line), string(stdin) })
	if s.Answer != nil {
		s.Answer(session)
		return
	}
	cmd := exec.Command("sh", "-c", session.Line)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = env, strings.NewReader(string(stdin)), session.Stdout, session.Stderr
	var exit *exec.ExitError
	switch err := cmd.Run(); {
	case err == nil:
		session.Exit(0)
	case errors.As(err, &exit):
		session.Exit(exit.ExitCode())
	default:
		_, _ = fmt.Fprintln(session.Stderr, err)
		session.Exit(127)
	}
}
