package remote

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/emptypb"
)

// engine is one that only listens to log lines.
type engine struct {
	pulumirpc.UnimplementedEngineServer
	mu    sync.Mutex
	lines []*pulumirpc.LogRequest
	next  chan string
}

func newEngine() *engine { return &engine{next: make(chan string, 1000)} }

// Log keeps the line. The provider waits for the answer, so a finished run has all its lines here.
func (e *engine) Log(_ context.Context, line *pulumirpc.LogRequest) (*emptypb.Empty, error) {
	e.mu.Lock()
	e.lines = append(e.lines, line)
	e.mu.Unlock()
	e.next <- line.GetMessage()
	return &emptypb.Empty{}, nil
}

// take returns the lines since the last call.
func (e *engine) take() []*pulumirpc.LogRequest {
	e.mu.Lock()
	defer e.mu.Unlock()
	lines := e.lines
	e.lines = nil
	for len(e.next) > 0 {
		<-e.next
	}
	return lines
}

func (e *engine) text() string {
	var text []string
	for _, line := range e.take() {
		text = append(text, line.GetMessage())
	}
	return strings.Join(text, "\n")
}

// await returns the next line.
func (e *engine) await(t *testing.T) string {
	t.Helper()
	select {
	case line := <-e.next:
		return line
	case <-time.After(time.Minute):
		require.Fail(t, "no log line in a minute")
		return ""
	}
}
