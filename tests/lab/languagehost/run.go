package languagehost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/constant"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// grace is how long a cancelled program may take to end before it is killed.
const grace = 5 * time.Second

// Run builds the program, or takes the one that Pulumi.yaml's option binary names, and runs it. What the host itself
// writes reaches the user through the engine, and so does what the program writes.
func (h *Host) Run(_ context.Context, req *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	if h.engine == "" {
		return nil, errors.New("no engine: Handshake must come before Run")
	}
	options := req.GetInfo().GetOptions().AsMap()
	binary, err := stringOption(options, "binary")
	if err != nil {
		return nil, err
	}
	target, err := stringOption(options, "buildTarget")
	if err != nil {
		return nil, err
	}
	if binary != "" && target != "" {
		return nil, errors.New("options binary, buildTarget: cannot both be specified")
	}
	env, err := h.environment(req)
	if err != nil {
		return nil, err
	}
	var prog *program
	if binary != "" {
		path, err := exec.LookPath(binary)
		if err != nil {
			return nil, fmt.Errorf("option binary %q: %w", binary, err)
		}
		prog = &program{path: path}
	} else if prog, err = build(h.running, req.GetInfo().GetProgramDirectory(), target, os.Stdout, os.Stderr); err != nil { //nolint:contextcheck // the host's end ends it
		return nil, err
	}
	defer prog.end()
	cmd := h.command(h.running, prog.path, nil, req.GetPwd(), env, os.Stdout, os.Stderr) //nolint:contextcheck // the host's end ends it
	code, err := prog.run(cmd)
	switch {
	case err != nil:
		return &pulumirpc.RunResponse{Error: err.Error()}, nil
	case code == 0:
		return &pulumirpc.RunResponse{}, nil
	case code == constant.ExitStatusLoggedError:
		// The program has told the engine what is wrong.
		return &pulumirpc.RunResponse{Bail: true}, nil
	default:
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("program exited with non-zero exit code: %d", code)}, nil
	}
}

// RunPlugin builds and runs a plugin written in Go, such as a policy pack, until it ends or the engine leaves.
func (h *Host) RunPlugin(req *pulumirpc.RunPluginRequest, server pulumirpc.LanguageRuntime_RunPluginServer) error {
	closer, stdout, stderr, err := rpcutil.MakeRunPluginStreams(server, false)
	if err != nil {
		return err
	}
	defer func() { _ = closer.Close() }() // for the ways out with another error
	// Standard output begins with the plugin's port, so the build must not write there.
	ctx, cancel := context.WithCancel(server.Context())
	defer cancel()
	defer context.AfterFunc(h.running, cancel)()
	prog, err := build(ctx, req.GetInfo().GetProgramDirectory(), "", stderr, stderr)
	if err != nil {
		return err
	}
	defer prog.end()
	cmd := h.command(ctx, prog.path, req.GetArgs(), req.GetPwd(), req.GetEnv(), stdout, stderr)
	code, err := prog.run(cmd)
	if err != nil {
		return err
	}
	if err := closer.Close(); err != nil {
		return err
	}
	if code == 0 {
		return nil
	}
	return server.Send(&pulumirpc.RunPluginResponse{
		Output: &pulumirpc.RunPluginResponse_Exitcode{Exitcode: int32(code)},
	})
}

// command prepares a process that is asked to stop when ctx ends.
func (h *Host) command(
	ctx context.Context, path string, args []string, dir string, env []string, stdout, stderr io.Writer,
) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, stdout, stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = grace
	return cmd
}

// run starts cmd, which is this program, releases the program and returns the exit code.
func (p *program) run(cmd *exec.Cmd) (int, error) {
	err := cmd.Start()
	p.release()
	if err != nil {
		return 0, fmt.Errorf("%s: %w", p.path, err)
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		return exit.ExitCode(), nil
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w", p.path, err)
	}
	return 0, nil
}

// environment is the host's own and the variables that pulumi.Run reads.
func (h *Host) environment(req *pulumirpc.RunRequest) ([]string, error) {
	config, err := json.Marshal(req.GetConfig())
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	secretKeys, err := json.Marshal(append([]string{}, req.GetConfigSecretKeys()...))
	if err != nil {
		return nil, fmt.Errorf("config secret keys: %w", err)
	}
	env := os.Environ()
	for _, v := range []struct{ name, value string }{
		{pulumi.EnvOrganization, req.GetOrganization()},
		{pulumi.EnvProject, req.GetProject()},
		{pulumi.EnvPulumiRootDirectory, req.GetInfo().GetRootDirectory()},
		{pulumi.EnvStack, req.GetStack()},
		{pulumi.EnvConfig, string(config)},
		{pulumi.EnvConfigSecretKeys, string(secretKeys)},
		{pulumi.EnvDryRun, strconv.FormatBool(req.GetDryRun())},
		{pulumi.EnvParallel, strconv.Itoa(int(req.GetParallel()))},
		{pulumi.EnvMonitor, req.GetMonitorAddress()},
		{pulumi.EnvEngine, h.engine},
	} {
		if v.value != "" {
			env = append(env, v.name+"="+v.value)
		}
	}
	return env, nil
}

func stringOption(options map[string]any, name string) (string, error) {
	value, ok := options[name]
	if !ok {
		return "", nil
	}
	text, ok := value.(string)
	if !ok {
		return "", fmt.Errorf("option %s %v: must be a string", name, value)
	}
	return text, nil
}
