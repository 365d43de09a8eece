// Package command stands in for Pulumi's command provider, of which no Go module holds the plugin itself. Tokens,
// property names and behaviour are those of version 1.1.3 (https://github.com/pulumi/pulumi-command).
package command

import (
	"context"
	"fmt"
	"strings"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"ecommerce-platform/tests/lab/command/local"
	"ecommerce-platform/tests/lab/command/remote"
	"ecommerce-platform/tests/lab/command/task"
)

// Version is the release of the provider that is stood in for.
const Version = "1.1.3"

// stdout and stderr are the outputs that a run makes; every other property of a resource mirrors an input.
const stdout, stderr resource.PropertyKey = "stdout", "stderr"

// kind is one type of resource.
type kind struct {
	// check fills in defaults and says what is wrong with the inputs.
	check func(inputs resource.PropertyMap) []plugin.CheckFailure
	run   func(ctx context.Context, t task.Task) (task.Output, error)
	// outputs is whether a run's output belongs to the resource's properties.
	outputs bool
}

var kinds = map[tokens.Type]kind{
	"command:remote:Command":      {remote.CheckCommand, remote.RunCommand, true},
	"command:remote:CopyToRemote": {remote.CheckCopy, remote.RunCopy, false},
	"command:local:Command":       {local.CheckCommand, local.RunCommand, true},
}

// Provider is the provider.
type Provider struct {
	plugin.UnimplementedProvider

	engine *engine
	ctx    context.Context
	cancel context.CancelFunc
}

// New returns the provider, which logs to the engine at the given address once there is one.
func New(address string) (*Provider, error) {
	ctx, cancel := context.WithCancel(context.Background())
	p := &Provider{ctx: ctx, cancel: cancel, engine: &engine{}}
	if address == "" {
		return p, nil
	}
	return p, p.engine.connect(address)
}

// Close ends the provider.
func (p *Provider) Close() error {
	p.cancel()
	return nil
}

// Handshake learns the engine's address.
func (p *Provider) Handshake(_ context.Context, req plugin.ProviderHandshakeRequest) (
	*plugin.ProviderHandshakeResponse, error,
) {
	if err := p.engine.connect(req.EngineAddress); err != nil {
		return nil, err
	}
	return &plugin.ProviderHandshakeResponse{AcceptSecrets: true, AcceptResources: true}, nil
}

// GetPluginInfo tells the version.
func (p *Provider) GetPluginInfo(context.Context) (plugin.PluginInfo, error) {
	version, err := semver.Parse(Version)
	return plugin.PluginInfo{Version: &version}, err
}

// GetSchema tells no more than who this is: the SDKs are generated from the original's.
func (p *Provider) GetSchema(context.Context, plugin.GetSchemaRequest) (plugin.GetSchemaResponse, error) {
	return plugin.GetSchemaResponse{Schema: []byte(`{"name":"command","version":"` + Version + `"}`)}, nil
}

// CheckConfig accepts the provider's configuration, which is empty.
func (p *Provider) CheckConfig(_ context.Context, req plugin.CheckConfigRequest) (plugin.CheckConfigResponse, error) {
	return plugin.CheckConfigResponse{Properties: req.News}, nil
}

// DiffConfig finds no differences in an empty configuration.
func (p *Provider) DiffConfig(context.Context, plugin.DiffConfigRequest) (plugin.DiffConfigResponse, error) {
	return plugin.DiffConfigResponse{Changes: plugin.DiffNone}, nil
}

// Configure has nothing to configure.
func (p *Provider) Configure(context.Context, plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	return plugin.ConfigureResponse{}, nil
}

// SignalCancellation stops waiting for machines. A command that runs on one goes on.
func (p *Provider) SignalCancellation(context.Context) error {
	p.cancel()
	return nil
}

func kindOf(urn resource.URN) (kind, error) {
	k, ok := kinds[urn.Type()]
	if !ok {
		return k, fmt.Errorf("type %q: not offered by this stand-in of the command provider", urn.Type())
	}
	return k, nil
}

// Check fills in defaults and validates.
func (p *Provider) Check(_ context.Context, req plugin.CheckRequest) (plugin.CheckResponse, error) {
	k, err := kindOf(req.URN)
	if err != nil {
		return plugin.CheckResponse{}, err
	}
	inputs := req.News.Copy()
	failures := k.check(inputs)
	// The connection holds keys and passwords, so the original's schema makes all of it secret.
	if connection, ok := inputs["connection"]; ok && !connection.IsSecret() {
		inputs["connection"] = resource.MakeSecret(connection)
	}
	return plugin.CheckResponse{Properties: inputs, Failures: failures}, nil
}

// Diff compares inputs: any change, the connection's included, is an update, and one of triggers a replacement.
func (p *Provider) Diff(_ context.Context, req plugin.DiffRequest) (plugin.DiffResult, error) {
	diff := req.OldInputs.Diff(req.NewInputs)
	if diff == nil {
		return plugin.DiffResult{Changes: plugin.DiffNone}, nil
	}
	result := plugin.DiffResult{Changes: plugin.DiffSome}
	result.DetailedDiff = plugin.NewDetailedDiffFromObjectDiff(diff, false)
	for path, change := range result.DetailedDiff {
		if path == "triggers" || strings.HasPrefix(path, "triggers[") {
			change.Kind = change.Kind.AsReplace()
			result.DetailedDiff[path] = change
			result.ReplaceKeys = append(result.ReplaceKeys, "triggers")
		}
	}
	result.ChangedKeys = diff.ChangedKeys()
	return result, nil
}

// Create runs the resource's creation.
func (p *Provider) Create(_ context.Context, req plugin.CreateRequest) (plugin.CreateResponse, error) {
	k, err := kindOf(req.URN)
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	if req.Preview {
		return plugin.CreateResponse{Properties: k.unknown(req.Properties)}, nil
	}
	id, err := resource.NewUniqueHex(req.URN.Name(), 8, 0)
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	t := task.Task{Operation: task.Create, Inputs: req.Properties, Log: p.engine.logger(req.URN)}
	out, err := k.run(p.ctx, t) //nolint:contextcheck // a cancelled request does not end it, SignalCancellation does
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	return plugin.CreateResponse{
		ID: resource.ID(id), Properties: k.properties(req.Properties, out), Status: resource.StatusOK,
	}, nil
}

// Read has nothing to read: what a command did is not to be seen from here.
func (p *Provider) Read(_ context.Context, req plugin.ReadRequest) (plugin.ReadResponse, error) {
	return plugin.ReadResponse{
		ReadResult: plugin.ReadResult{ID: req.ID, Inputs: req.Inputs, Outputs: req.State}, Status: resource.StatusOK,
	}, nil
}

// Update runs the resource's update.
func (p *Provider) Update(_ context.Context, req plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	k, err := kindOf(req.URN)
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	if req.Preview {
		return plugin.UpdateResponse{Properties: k.unknown(req.NewInputs)}, nil
	}
	t := task.Task{
		Operation: task.Update, Inputs: req.NewInputs, Old: req.OldInputs,
		Previous: previous(req.OldOutputs), Log: p.engine.logger(req.URN),
	}
	out, err := k.run(p.ctx, t) //nolint:contextcheck // a cancelled request does not end it, SignalCancellation does
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	return plugin.UpdateResponse{Properties: k.properties(req.NewInputs, out), Status: resource.StatusOK}, nil
}

// Delete runs the resource's deletion with what the state holds, the connection included.
func (p *Provider) Delete(_ context.Context, req plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	k, err := kindOf(req.URN)
	if err != nil {
		return plugin.DeleteResponse{}, err
	}
	inputs := req.Outputs.Copy()
	delete(inputs, stdout)
	delete(inputs, stderr)
	_, err = k.run(p.ctx, task.Task{ //nolint:contextcheck // a cancelled request does not end it, SignalCancellation does
		Operation: task.Delete, Inputs: inputs, Previous: previous(req.Outputs), Log: p.engine.logger(req.URN),
	})
	return plugin.DeleteResponse{Status: resource.StatusOK}, err
}

// unknown are the properties as a preview of a change shows them.
func (k kind) unknown(inputs resource.PropertyMap) resource.PropertyMap {
	properties := inputs.Copy()
	if k.outputs {
		properties[stdout] = resource.MakeComputed(resource.NewProperty(""))
		properties[stderr] = resource.MakeComputed(resource.NewProperty(""))
	}
	return properties
}

func (k kind) properties(inputs resource.PropertyMap, out task.Output) resource.PropertyMap {
	properties := inputs.Copy()
	if k.outputs {
		properties[stdout] = resource.NewProperty(out.Stdout)
		properties[stderr] = resource.NewProperty(out.Stderr)
	}
	return properties
}

// previous reads the last run's output from the state, where it may be secret.
func previous(state resource.PropertyMap) task.Output {
	text := func(key resource.PropertyKey) string {
		value := state[key]
		for value.IsSecret() {
			value = value.SecretValue().Element
		}
		if value.IsString() {
			return value.StringValue()
		}
		return ""
	}
	return task.Output{Stdout: text(stdout), Stderr: text(stderr)}
}
