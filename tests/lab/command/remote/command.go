package remote

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"ecommerce-platform/tests/lab/command/capture"
	"ecommerce-platform/tests/lab/command/task"
)

// command are the inputs of command:remote:Command.
type command struct {
	// Triggers replace the resource when they change; their values mean nothing else.
	Triggers    []any             `json:"triggers"`
	Create      *string           `json:"create"`
	Update      *string           `json:"update"`
	Delete      *string           `json:"delete"`
	Stdin       *string           `json:"stdin"`
	Logging     *capture.Logging  `json:"logging"`
	Connection  *Connection       `json:"connection"`
	Environment map[string]string `json:"environment"`
	// AddPreviousOutputInEnv is whether the run before leaves its output in the environment. Default true.
	AddPreviousOutputInEnv *bool `json:"addPreviousOutputInEnv"`
}

// CheckCommand fills in the defaults of a command and says what is wrong with it.
func CheckCommand(inputs resource.PropertyMap) []plugin.CheckFailure {
	task.Default(inputs, "addPreviousOutputInEnv", true)
	failures := checkConnection(inputs)
	var c command
	if err := task.Decode(inputs, &c); err != nil {
		failures = append(failures, plugin.CheckFailure{Reason: err.Error()})
	} else if c.Logging != nil && !c.Logging.Valid() {
		failures = append(failures, plugin.CheckFailure{
			Property: "logging", Reason: "must be stdout, stderr, stdoutAndStderr or none",
		})
	}
	return failures
}

// RunCommand runs create, update, which is create where there is no update, or delete. Without the command there is
// nothing to run, and what was written before stays.
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
	return c.runOn(ctx, *line, t.Previous, t.Log)
}
