package remote

import (
	"context"
	"fmt"
	"strings"

	provider "github.com/pulumi/pulumi-go-provider"
)

// Variables that carry the previous run's output into the next one.
const (
	previousStdout = "PULUMI_COMMAND_STDOUT"
	previousStderr = "PULUMI_COMMAND_STDERR"
)

// acceptEnv is the hint that goes with a variable which the server refuses.
const acceptEnv = "Unable to set '%s'. This only works if your SSH server is configured to accept\n" +
	"\tthese variables via AcceptEnv. Alternatively, if a Bash-like shell runs the command on the remote host, you could\n" +
	"\tprefix the command itself with the variables in the form 'VAR=value command'"

// run runs a command line on the machine and keeps what it writes. Nothing but the command's own end ends it: neither a
// cancelled update nor a timeout reaches the other machine.
func (c *CommandOutputs) run(ctx context.Context, line string) error {
	if answers, ok := modelAnswers(); ok {
		return c.answer(ctx, answers, line)
	}
	client, err := c.Connection.dial(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	session, err := client.NewSession()
	if err != nil {
		return err
	}
	defer func() { _ = session.Close() }() // the command's end has closed it, if it ran

	log := provider.GetLogger(ctx)
	for name, value := range c.Environment {
		if err := session.Setenv(name, value); err != nil {
			log.Errorf(acceptEnv, name)
			return fmt.Errorf("could not set environment variable %q: %w", name, err)
		}
	}
	if c.AddPreviousOutputInEnv == nil || *c.AddPreviousOutputInEnv {
		for _, v := range []struct{ name, value string }{{previousStdout, c.Stdout}, {previousStderr, c.Stderr}} {
			if v.value != "" && session.Setenv(v.name, v.value) != nil {
				log.Warningf(acceptEnv, v.name)
			}
		}
	}
	if c.Stdin != nil && *c.Stdin != "" {
		session.Stdin = strings.NewReader(*c.Stdin)
	}
	output := capture(c.Logging, log.InfoStatus)
	session.Stdout, session.Stderr = output.stdout(), output.stderr()
	err = session.Run(line)
	stdout, stderr := output.end()
	if err != nil {
		return fmt.Errorf("%w: running %q:\n%s", err, line, output.both.String())
	}
	c.Stdout, c.Stderr = strings.TrimSuffix(stdout, "\n"), strings.TrimSuffix(stderr, "\n")
	return nil
}
