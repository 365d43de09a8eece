package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"
)

// grace is how long the CLI may take to write its checkpoint after an interrupt.
const grace = 2 * time.Minute

// call is one run of the CLI.
type call struct {
	dir   string
	args  []string
	stdin string
	// stream is whether the user sees the output as it comes.
	stream bool
}

// Error is a CLI that failed: what was run, what the engine said, what was written.
type Error struct {
	Args []string
	// Diagnostics are the engine's errors, each as it was reported.
	Diagnostics []string
	Output      string
	cause       error
}

func (e *Error) Error() string {
	text := strings.TrimSpace(e.Output)
	if len(e.Diagnostics) > 0 {
		text = strings.Join(e.Diagnostics, "\n")
	}
	return fmt.Sprintf("pulumi %s: %v:\n%s", strings.Join(e.Args, " "), e.cause, text)
}

func (e *Error) Unwrap() error { return e.cause }

// run runs the CLI and returns its standard output.
func (w *Workspace) run(ctx context.Context, c call) (output string, err error) {
	// Each Kubernetes provider leaves the administrator's kubeconfig in the directory for temporary files. What a killed run
	// leaves goes with the workspace.
	temporary, err := os.MkdirTemp(w.options.Dir, "temporary-*")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temporary)) }()
	args := c.args
	var stdout, both bytes.Buffer
	cmd := exec.CommandContext(ctx, w.cli)
	cmd.Dir, cmd.Env = c.dir, append(slices.Clone(w.env), "TMPDIR="+temporary)
	cmd.Stdin = strings.NewReader(c.stdin)
	switch terminal := w.terminal(); {
	case c.stream && terminal != nil:
		// The CLI draws its display only on a terminal that is its own.
		cmd.Stdout, cmd.Stderr = terminal, terminal
	case c.stream && w.options.Output != nil:
		args = append([]string{"--non-interactive", "--color", "never"}, args...)
		cmd.Stdout = io.MultiWriter(&stdout, &both, w.options.Output)
		cmd.Stderr = io.MultiWriter(&both, w.options.Output)
	default:
		args = append([]string{"--non-interactive", "--color", "never"}, args...)
		cmd.Stdout, cmd.Stderr = io.MultiWriter(&stdout, &both), &both
	}
	cmd.Args = append(cmd.Args, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = grace
	// Where this process is killed the CLI must not go on: the next run takes its lock of the stack away. The kernel watches
	// the thread that started the CLI, which therefore stays.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err = cmd.Run()
	if err != nil {
		if ctx.Err() != nil {
			err = errors.Join(err, ctx.Err())
		}
		err = &Error{Args: c.args, Output: both.String(), cause: err}
	}
	return stdout.String(), err
}

// terminal is the output if it is one.
func (w *Workspace) terminal() *os.File {
	file, ok := w.options.Output.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return nil
	}
	return file
}
