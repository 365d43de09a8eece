package remote

import (
	"bufio"
	"bytes"
	"io"
	"sync"
)

// Logging says which of a command's streams are shown while it runs: stdout, stderr, stdoutAndStderr or none. Unset means
// both, and anything else means none.
type Logging string

func (l *Logging) shows(stream Logging) bool {
	return l == nil || *l == stream || *l == "stdoutAndStderr"
}

// captured is what a command writes.
type captured struct {
	mu        sync.Mutex
	out, err  bytes.Buffer
	both      bytes.Buffer // in the order of arrival: the text of a failure
	logging   *Logging
	shown     *io.PipeWriter
	allLogged chan struct{}
}

// capture keeps a command's output and hands its lines to log. Both streams are shown through one pipe, so that a line
// without an end is joined to the other stream's next one; and a line that is longer than a scanner's 64 KiB stops
// the reading for good, and the command with it.
func capture(logging *Logging, log func(line string)) *captured {
	read, write := io.Pipe()
	c := &captured{logging: logging, shown: write, allLogged: make(chan struct{})}
	go func() {
		defer close(c.allLogged)
		for lines := bufio.NewScanner(read); lines.Scan(); {
			log(lines.Text())
		}
	}()
	return c
}

func (c *captured) stdout() io.Writer { return c.writer(&c.out, "stdout") }
func (c *captured) stderr() io.Writer { return c.writer(&c.err, "stderr") }

func (c *captured) writer(kept *bytes.Buffer, name Logging) io.Writer {
	w := io.MultiWriter(kept, &c.both)
	if c.logging.shows(name) {
		w = io.MultiWriter(w, c.shown)
	}
	return serial{&c.mu, w}
}

// end returns both streams once every line has been logged.
func (c *captured) end() (stdout, stderr string) {
	_ = c.shown.Close() // a pipe's never fails
	<-c.allLogged
	return c.out.String(), c.err.String()
}

// serial takes turns with the other stream's writer: SSH copies each stream from a goroutine of its own.
type serial struct {
	mu *sync.Mutex
	w  io.Writer
}

func (s serial) Write(data []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(data)
}
