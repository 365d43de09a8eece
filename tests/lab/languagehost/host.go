// Package languagehost stands in for Pulumi's Go language host, of which no Go module holds the plugin itself. It builds
// a program and runs it with the variables that pulumi.Run reads, and does the same for policy packs written in Go; what
// turns other languages into Go is left out.
package languagehost

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/version"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Host implements the language runtime of the Pulumi engine's plugin protocol for Go.
type Host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer

	engine string
	// running ends with the host; every process that the host starts ends with it.
	running context.Context
	cancel  context.CancelFunc
}

// New returns a host that reports to the engine at the given address, which may be empty until Handshake tells it.
func New(engine string) *Host {
	running, cancel := context.WithCancel(context.Background())
	return &Host{engine: engine, running: running, cancel: cancel}
}

// Handshake learns the engine's address.
func (h *Host) Handshake(_ context.Context, req *pulumirpc.LanguageHandshakeRequest) (
	*pulumirpc.LanguageHandshakeResponse, error,
) {
	if req.GetEngineAddress() == "" {
		return nil, errors.New("engine_address <unset>: required")
	}
	h.engine = req.GetEngineAddress()
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

// Stop ends every process that the host started.
func (h *Host) Stop() { h.cancel() }

// Cancel ends the programs that run.
func (h *Host) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	h.Stop()
	return &emptypb.Empty{}, nil
}

// GetPluginInfo tells the version of the SDK that the host is made with.
func (h *Host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version.Version}, nil
}

// About tells which Go builds the programs.
func (h *Host) About(ctx context.Context, _ *pulumirpc.AboutRequest) (*pulumirpc.AboutResponse, error) {
	gobin, err := exec.LookPath("go")
	if err != nil {
		return nil, err
	}
	out, err := exec.CommandContext(ctx, gobin, "version").Output()
	if err != nil {
		return nil, fmt.Errorf("go version: %w", err)
	}
	return &pulumirpc.AboutResponse{Executable: gobin, Version: strings.TrimSpace(string(out))}, nil
}

// InstallDependencies brings the program's go.mod up to date, and with it the modules onto this machine.
func (h *Host) InstallDependencies(
	req *pulumirpc.InstallDependenciesRequest, server pulumirpc.LanguageRuntime_InstallDependenciesServer,
) error {
	closer, stdout, stderr, err := rpcutil.MakeInstallDependenciesStreams(server, req.GetIsTerminal())
	if err != nil {
		return err
	}
	defer func() { _ = closer.Close() }() // for the ways out with another error
	_, _ = fmt.Fprintln(stdout, "Installing dependencies...")
	cmd := exec.CommandContext(server.Context(), "go", "mod", "tidy", "-compat=1.18")
	cmd.Dir, cmd.Stdout, cmd.Stderr = req.GetInfo().GetProgramDirectory(), stdout, stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go mod tidy in %s: %w", cmd.Dir, err)
	}
	_, _ = fmt.Fprintln(stdout, "Finished installing dependencies")
	return closer.Close()
}

// RuntimeOptionsPrompts asks for nothing: Go needs no options.
func (h *Host) RuntimeOptionsPrompts(context.Context, *pulumirpc.RuntimeOptionsRequest) (
	*pulumirpc.RuntimeOptionsResponse, error,
) {
	return &pulumirpc.RuntimeOptionsResponse{}, nil
}

// Template leaves a new project as its template has it.
func (h *Host) Template(context.Context, *pulumirpc.TemplateRequest) (*pulumirpc.TemplateResponse, error) {
	return &pulumirpc.TemplateResponse{}, nil
}
