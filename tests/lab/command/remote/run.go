package remote

import (
	"context"
	"fmt"
	"strings"

	"ecommerce-platform/tests/lab/command/capture"
	"ecommerce-platform/tests/lab/command/task"
)

// acceptEnv is the hint that goes with a variable which the server refuses.
const acceptEnv = "Unable to set '%s'. This only works if your SSH server is configured to accept " +
	"these variables via AcceptEnv. Alternatively, if a Bash-like shell runs the command on the remote host, you could " +
	"prefix the command itself with the variables in the form 'VAR=value command'"

// runOn runs a command line on the machine and returns what it writes. Nothing but the command's own end ends it: neither a
// cancelled update nor a timeout reaches the other machine.
func (c *command) runOn(ctx context.Context, line string, previous task.Output, log task.Logger) (task.Output, error) {
	if answers, ok := modelAnswers(); ok {
		return c.answer(answers, line, log)
	}
	client, err := c.Connection.dial(ctx, log)
	if err != nil {
		return task.Output{}, err
	}
	defer func() { _ = client.Close() }()
	session, err := client.NewSession()
	if err != nil {
		return task.Output{}, err
	}
	defer func() { _ = session.Close() }() // the command's end has closed it, if it ran

	for name, value := range c.Environment {
		if err := session.Setenv(name, value); err != nil {
			log.Error(fmt.Sprintf(acceptEnv, name))
			return task.Output{}, fmt.Errorf("could not set environment variable %q: %w", name, err)
		}
	}
	if c.AddPreviousOutputInEnv == nil || *c.AddPreviousOutputInEnv {
		for _, v := range []struct{ name, value string }{
			{capture.PreviousStdout, previous.Stdout}, {capture.PreviousStderr, previous.Stderr},
		} {
			if v.value != "" && session.Setenv(v.name, v.value) != nil {
				log.Warning(fmt.Sprintf(acceptEnv, v.name))
			}
		}
	}
	if c.Stdin != nil && *c.Stdin != "" {
		session.Stdin = strings.NewReader(*c.Stdin)
	}
	streams := capture.New(c.Logging, log.Status)
	session.Stdout, session.Stderr = streams.Stdout(), streams.Stderr()
	err = session.Run(line)
	stdout, stderr := streams.Close()
	if err != nil {
		return task.Output{}, fmt.Errorf("%w: running %q:\n%s", err, line, streams.Both())
	}
	return task.Output{Stdout: stdout, Stderr: stderr}, nil
}
