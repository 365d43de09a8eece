package remote

import (
	"context"

	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Command is command:remote:Command, a command line on a machine that is reached over SSH.
type Command struct{}

// CommandInputs are what the program says of a command. A field without a value is one that the program does not set.
type CommandInputs struct {
	// Triggers are there to differ. Adding or removing the list replaces; that another element does is an option of the SDK.
	Triggers    *[]any            `pulumi:"triggers,optional"               provider:"replaceOnChanges"`
	Create      *string           `pulumi:"create,optional"`
	Update      *string           `pulumi:"update,optional"`
	Delete      *string           `pulumi:"delete,optional"`
	Stdin       *string           `pulumi:"stdin,optional"`
	Logging     *Logging          `pulumi:"logging,optional"`
	Connection  *Connection       `pulumi:"connection"                      provider:"secret"`
	Environment map[string]string `pulumi:"environment,optional"`
	// AddPreviousOutputInEnv is whether the run before leaves its output in the environment. Default true.
	AddPreviousOutputInEnv *bool `pulumi:"addPreviousOutputInEnv,optional"`
}

// CommandOutputs are the inputs and what the last run wrote.
type CommandOutputs struct {
	CommandInputs

	Stdout string `pulumi:"stdout"`
	Stderr string `pulumi:"stderr"`
}

// Create runs the command line for creation, if there is one.
func (*Command) Create(ctx context.Context, req infer.CreateRequest[CommandInputs]) (
	resp infer.CreateResponse[CommandOutputs], err error,
) {
	resp.Output.CommandInputs = req.Inputs
	if resp.ID, err = resource.NewUniqueHex(req.Name, 8, 0); err != nil || req.DryRun || req.Inputs.Create == nil {
		return resp, err
	}
	return resp, resp.Output.run(ctx, *req.Inputs.Create)
}

// Update runs the command line for updates, or else the one for creation. Without either, what was written before stays.
func (*Command) Update(ctx context.Context, req infer.UpdateRequest[CommandInputs, CommandOutputs]) (
	resp infer.UpdateResponse[CommandOutputs], err error,
) {
	resp.Output = req.State
	resp.Output.CommandInputs = req.Inputs
	line := req.Inputs.Update
	if line == nil {
		line = req.Inputs.Create
	}
	if req.DryRun || line == nil {
		return resp, nil
	}
	return resp, resp.Output.run(ctx, *line)
}

// Delete runs the command line for deletion with what the state holds, the connection included.
func (*Command) Delete(ctx context.Context, req infer.DeleteRequest[CommandOutputs]) (infer.DeleteResponse, error) {
	if req.State.Delete == nil {
		return infer.DeleteResponse{}, nil
	}
	return infer.DeleteResponse{}, req.State.run(ctx, *req.State.Delete)
}
