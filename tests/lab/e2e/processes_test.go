//go:build lab

package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// commandLines are the command lines of every process that was seen on this host, and so on each machine, since they are containers.
type commandLines struct {
	mu    sync.Mutex
	lines map[string]bool
	stop  func()
}

// watchCommandLines looks at /proc as often as a curious user with top would not manage to.
func watchCommandLines(ctx context.Context) *commandLines {
	ctx, cancel := context.WithCancel(ctx)
	seen := &commandLines{lines: map[string]bool{}}
	done := make(chan struct{})
	seen.stop = func() { cancel(); <-done }
	go func() {
		defer close(done)
		wait.UntilWithContext(ctx, func(context.Context) { seen.look() }, 100*time.Millisecond)
	}()
	return seen
}

func (c *commandLines) look() {
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, file := range files {
		// A process may be gone by now.
		if text, err := os.ReadFile(file); err == nil && len(text) > 0 {
			c.lines[strings.ReplaceAll(string(text), "\x00", " ")] = true
		}
	}
}

// containing lists the command lines with a text.
func (c *commandLines) containing(text string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []string
	for line := range c.lines {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}
