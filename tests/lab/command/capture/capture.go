// Package capture keeps what a command writes and shows it, line by line, in the progress of `pulumi up`.
package capture

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

// Names of the variables that carry the previous run's output into the next one.
const (
	PreviousStdout = "PULUMI_COMMAND_STDOUT"
	PreviousStderr = "PULUMI_COMMAND_STDERR"
)

// Logging says which of a command's streams are shown while it runs.
type Logging string

// The values of Logging; unset means both streams.
const (
	LogStdout          Logging = "stdout"
	LogStderr          Logging = "stderr"
	LogStdoutAndStderr Logging = "stdoutAndStderr"
	LogNone            Logging = "none"
)

// Valid is whether the value is one of those above.
func (l Logging) Valid() bool {
	return l == LogStdout || l == LogStderr || l == LogStdoutAndStderr || l == LogNone
}

// Streams collects a command's output.
type Streams struct {
	mu             sync.Mutex
	stdout, stderr stream
	both           bytes.Buffer
}

type stream struct {
	all     bytes.Buffer
	partial []byte
	log     func(line string)
}

// New returns Streams that hand each complete line of the streams that logging admits to log.
func New(logging *Logging, log func(line string)) *Streams {
	s := &Streams{}
	if logging == nil || *logging == LogStdout || *logging == LogStdoutAndStderr {
		s.stdout.log = log
	}
	if logging == nil || *logging == LogStderr || *logging == LogStdoutAndStderr {
		s.stderr.log = log
	}
	return s
}

// Stdout is the writer of the command's standard output.
func (s *Streams) Stdout() io.Writer { return writer{s, &s.stdout} }

// Stderr is the writer of the command's standard error.
func (s *Streams) Stderr() io.Writer { return writer{s, &s.stderr} }

// Close logs what follows the last newline and returns both streams without their last newline.
func (s *Streams) Close() (stdout, stderr string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range []*stream{&s.stdout, &s.stderr} {
		if len(st.partial) > 0 && st.log != nil {
			st.log(string(st.partial))
		}
		st.partial = nil
	}
	return strings.TrimSuffix(s.stdout.all.String(), "\n"), strings.TrimSuffix(s.stderr.all.String(), "\n")
}

// Both is everything written so far in the order of its arrival, whatever logging says: the text of a failure.
func (s *Streams) Both() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.both.String()
}

// writer serialises the two streams: SSH copies each from a goroutine of its own.
type writer struct {
	streams *Streams
	stream  *stream
}

func (w writer) Write(data []byte) (int, error) {
	w.streams.mu.Lock()
	defer w.streams.mu.Unlock()
	w.streams.both.Write(data)
	w.stream.all.Write(data)
	if w.stream.log == nil {
		return len(data), nil
	}
	w.stream.partial = append(w.stream.partial, data...)
	for {
		line, rest, found := bytes.Cut(w.stream.partial, []byte("\n"))
		if !found {
			return len(data), nil
		}
		w.stream.log(strings.TrimSuffix(string(line), "\r"))
		w.stream.partial = rest
	}
}
