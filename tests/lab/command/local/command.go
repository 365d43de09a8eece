// Package local holds the resource of the command provider that works on the machine that runs Pulumi.
package local

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"ecommerce-platform/tests/lab/command/capture"
	"ecommerce-platform/tests/lab/command/task"
)

// command are the inputs of command:local:Command, without the paths of files to bring back.
type command struct {
	Triggers []any   `json:"triggers"`
	Create   *string `json:"create"`
	Update   *string `json:"update"`
	Delete   *string `json:"delete"`
	// Interpreter runs the command. Default /bin/sh -c.
	Interpreter []string          `json:"interpreter"`
	Dir         string            `json:"dir"`
	Environment map[string]string `json:"environment"`
	Stdin       string            `json:"stdin"`
	Logging     *capture.Logging  `json:"logging"`
	// AddPreviousOutputInEnv is whether the run before leaves its output in the environment. Default true.
	AddPreviousOutputInEnv *bool `json:"addPreviousOutputInEnv"`
}

// CheckCommand fills in the defaults of a command and says what is wrong with it.
func CheckCommand(inputs resource.PropertyMap) []plugin.CheckFailure {
	task.Default(inputs, "addPreviousOutputInEnv", true)
	var c command
	if err := task.Decode(inputs, &c); err != nil {
		return []plugin.CheckFailure{{Reason: err.Error()}}
	}
	if c.Logging != nil && !c.Logging.Valid() {
		return []plugin.CheckFailure{{
			Property: "logging", Reason: "must be stdout, stderr, stdoutAndStderr or none",
		}}
	}
	return nil
}

// RunCommand runs create, update, which is create where there is no update, or delete.
func RunCommand(ctx context.Context, t task.Task) (task.Output, error) {
	var c command
	if err := task.Decode(t.Inputs, &c); err != nil {
		return task.Output{}, err
	}
	line := c.Create
	switch {
	case t.Operation == task.Delete:
		line = c.Delete
	case t.Operation == task.Update && c.Update != nil:
		line = c.Update
	}
	if line == nil {
		return t.Previous, nil
	}
	args := c.Interpreter
	if len(args) == 0 {
		args = []string{"/bin/sh", "-c"}
	}
	args = append(append([]string{}, args...), *line)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Env = c.Dir, os.Environ()
	for name, value := range c.Environment {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	if c.AddPreviousOutputInEnv == nil || *c.AddPreviousOutputInEnv {
		for _, v := range []struct{ name, value string }{
			{capture.PreviousStdout, t.Previous.Stdout}, {capture.PreviousStderr, t.Previous.Stderr},
		} {
			if v.value != "" {
				cmd.Env = append(cmd.Env, v.name+"="+v.value)
			}
		}
	}
	cmd.Stdin = strings.NewReader(c.Stdin)
	streams := capture.New(c.Logging, t.Log.Status)
	cmd.Stdout, cmd.Stderr = streams.Stdout(), streams.Stderr()
	err := cmd.Run()
	stdout, stderr := streams.Close()
	if err != nil {
		return task.Output{}, fmt.Errorf("%w: running %q:\n%s", err, *line, streams.Both())
	}
	return task.Output{Stdout: stdout, Stderr: stderr}, nil
}
