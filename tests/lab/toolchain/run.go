package toolchain

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
)

// outputKept is how many bytes of a failed command's output its error carries.
const outputKept = 4000

// Command is a program to run; its error carries command, output and cause.
type Command struct {
	Dir   string
	Env   []string // added to the process's own
	Stdin string
	Args  []string
}

// Output runs the command and returns its standard output.
func (c Command) Output(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, c.Args[0], c.Args[1:]...)
	cmd.Dir = c.Dir
	cmd.Env = append(os.Environ(), c.Env...)
	if c.Args[0] == "docker" {
		// The engine that DOCKER_HOST names, or this machine's, as everything that calls its API takes it: not that of a context.
		cmd.Env = append(cmd.Env, "DOCKER_CONTEXT=default")
	}
	cmd.Stdin = strings.NewReader(c.Stdin)
	var stdout bytes.Buffer
	var both transcript
	cmd.Stdout = io.MultiWriter(&stdout, &both)
	cmd.Stderr = &both
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return stdout.String(), fmt.Errorf("command %q: %w\n%s", strings.Join(c.Args, " "), err, both.tail())
	}
	return stdout.String(), nil
}

// Run runs a command in the current directory and returns its standard output.
func Run(ctx context.Context, args ...string) (string, error) {
	return Command{Args: args}.Output(ctx)
}

// transcript collects what a command writes to both of its streams, which os/exec copies concurrently.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(p)
}

func (t *transcript) tail() string {
	output := strings.TrimSpace(t.text.String())
	if len(output) <= outputKept {
		return output
	}
	return "[...]\n" + output[len(output)-outputKept:]
}
