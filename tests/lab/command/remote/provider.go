// Package remote stands in for Pulumi's command provider, of which no Go module holds the plugin itself. The framework that
// the original is written with answers for it: what is here is the resource that the program uses, as version 1.1.3 has
// it, in a package of the original's name, which tokens and messages hold. testdata/command-1.1.3.txt holds what that version was
// seen to answer, TestRecord compares.
// https://github.com/pulumi/pulumi-command
package remote

import (
	"context"
	"maps"
	"slices"

	provider "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	sdk "github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Version is the release of the provider that is stood in for.
const Version = "1.1.3"

// New returns the provider, which logs to the engine at the given address.
func New(engine string) (pulumirpc.ResourceProviderServer, error) {
	host, err := sdk.NewHostClient(engine)
	if err != nil {
		return nil, err
	}
	built, err := infer.NewProviderBuilder().WithResources(infer.Resource(&Command{})).Build()
	if err != nil {
		return nil, err
	}
	server, err := provider.RawServer("command", Version, built)(host)
	return &older{server}, err
}

// older is a server that answers as the framework did at the version that the original is built with.
type older struct {
	pulumirpc.ResourceProviderServer
}

// Handshake is not there yet: the engine's address is an argument of the process.
func (o *older) Handshake(ctx context.Context, req *pulumirpc.ProviderHandshakeRequest) (
	*pulumirpc.ProviderHandshakeResponse, error,
) {
	return pulumirpc.UnimplementedResourceProviderServer{}.Handshake(ctx, req)
}

// Configure keeps Diff from comparing with the old inputs: it compares with the state.
func (o *older) Configure(ctx context.Context, req *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	req.SendsOldInputs, req.SendsOldInputsToDelete = false, false
	return o.ResourceProviderServer.Configure(ctx, req)
}

// Diff names what changed by its path rather than by the property that it lies in.
func (o *older) Diff(ctx context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	resp, err := o.ResourceProviderServer.Diff(ctx, req)
	if err == nil {
		resp.Diffs = slices.Sorted(maps.Keys(resp.GetDetailedDiff()))
	}
	return resp, err
}
