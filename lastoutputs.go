package main

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
)

// readStackOutputs is the engine's function behind StackReference. It makes no resource, and so no copy of the outputs in
// the state of the stack that they are the outputs of.
const readStackOutputs = "pulumi:pulumi:readStackOutputs"

// lastOutputs are this stack's outputs as the last update that it came out of whole left them. Only layers that change
// machines ask for them.
func (c *Config) lastOutputs(ctx *pulumi.Context) (map[string]any, error) {
	if !c.has("infra") && !c.has("cluster") {
		return nil, nil
	}
	name := fmt.Sprintf("%s/%s/%s", ctx.Organization(), ctx.Project(), ctx.Stack())
	answer := ctx.InvokeOutput(readStackOutputs, pulumi.Map{"name": pulumi.String(name)}, pulumi.MapOutput{}, pulumi.InvokeOutputOptions{})
	read, err := internals.UnsafeAwaitOutput(ctx.Context(), answer)
	if err != nil {
		return nil, fmt.Errorf("reading this stack's outputs: %w", err)
	}
	properties, _ := read.Value.(map[string]any)
	outputs, ok := properties["outputs"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("reading this stack's outputs: the engine answers with %T", properties["outputs"])
	}
	return outputs, nil
}
