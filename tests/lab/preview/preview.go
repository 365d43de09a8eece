// Package preview shows what the program would deploy and whether that will work: the program and the policy pack run
// against the twin in model mode, on a stack that is thrown away. It needs no Docker, no root and no credentials.
package preview

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"ecommerce-platform/tests/lab/engine"
	"ecommerce-platform/tests/lab/toolchain"
)

// stackName is the throw-away stack. The program names resources after the stack only in tags.
const stackName = "dev"

// stateVariable names the file that tells the pack what runs.
const stateVariable = "PLATFORM_STATE"

// Options say what is previewed and where the results go.
type Options struct {
	// Program is the directory of the Pulumi program. Default, this checkout's.
	Program string
	// Base is the directory of the program that is deployed before, so that the preview is of a change to what runs. Default,
	// nothing runs.
	Base string
	// BaseChanges are config values over those of the base's Pulumi.dev.yaml.
	BaseChanges map[string]any
	// Pack is the policy pack's executable. Default, built from this checkout. NoPack leaves it out.
	Pack   string
	NoPack bool
	// Changes are config values over those of Pulumi.dev.yaml; nil unsets one.
	Changes map[string]any
	// Output is where the CLI writes as it goes. Default, nowhere.
	Output io.Writer
	// Sources asks for where the program registers each resource, which takes a preview more.
	Sources bool
}

// Result is what a preview found.
type Result struct {
	// Report is what the pack computed, nil where it did not get that far.
	Report *Report
	// Raw is the report as the pack wrote it, and Resources are the resources that it reviewed, without their secrets.
	Raw, Resources []byte
	// Plan is every resource as it would be deployed, nil where the program ended before it had declared them all.
	Plan Plan
	// Steps are what the engine would do to each resource, in its order.
	Steps []engine.Step
	// Sources are where the program registers each resource, by URN, such as infra/nodes.go:45.
	Sources map[string]string
	// Base is the preview of the base above itself, nil where nothing runs.
	Base *Result
	// Elapsed is how long the engine took, program and pack included.
	Elapsed time.Duration
	// Replaced are the values of Pulumi.dev.yaml that only its owner can decrypt; the preview goes without them.
	Replaced []string
}

// workplace is a directory with an account, a backend and reports.
type workplace struct {
	dir, pack string
	output    io.Writer
	sources   bool
}

func (w workplace) account() string { return filepath.Join(w.dir, "account") }

// Run previews the program with the pack. An error with a Result besides means that a policy or the program refused.
func Run(ctx context.Context, options Options) (result *Result, err error) {
	if options.Program == "" {
		program, err := toolchain.Source("..", "..")
		if err != nil {
			return nil, err
		}
		options.Program = program
	}
	if options.Pack == "" && !options.NoPack {
		pack, err := toolchain.PolicyPack(ctx)
		if err != nil {
			return nil, err
		}
		options.Pack = pack
	}
	dir, err := os.MkdirTemp("", "ecommerce-platform-preview-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	w := workplace{dir, options.Pack, options.Output, options.Sources}
	if options.Base == "" {
		return w.preview(ctx, options.Program, options.Changes, "")
	}
	r, err := w.deploy(ctx, options.Base, options.BaseChanges)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.stop()) }()
	base := w
	base.output, base.sources = nil, false
	before, err := base.preview(ctx, options.Base, options.BaseChanges, r.state)
	if before == nil {
		return nil, err
	}
	// What is wrong with the base already is the base's matter, and in its report.
	result, err = w.preview(ctx, options.Program, options.Changes, r.state)
	if result != nil {
		result.Base = before
	}
	return result, err
}

// stack is the throw-away stack of a program, configured.
func (w workplace) stack(ctx context.Context, program string, changes map[string]any, env []string) (*engine.Stack, []string, error) {
	workspace, err := engine.New(ctx, engine.Options{
		Program: program, Dir: filepath.Join(w.dir, "pulumi"), Output: w.output,
		Env: append([]string{"TWIN_MODE=model", "TWIN_STATE=" + w.account()}, env...),
	})
	if err != nil {
		return nil, nil, err
	}
	stack, err := workspace.Stack(ctx, stackName)
	if err != nil {
		return nil, nil, err
	}
	replaced, err := configure(ctx, stack, program, changes)
	return stack, replaced, err
}

// preview previews a program above what the workplace's account holds, of which state is the export.
func (w workplace) preview(ctx context.Context, program string, changes map[string]any, state string) (*Result, error) {
	report, resources := filepath.Join(w.dir, "report.json"), filepath.Join(w.dir, "resources.json")
	for _, path := range []string{report, resources} {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	env := []string{reportVariable + "=" + report, resourcesVariable + "=" + resources}
	if state != "" {
		env = append(env, stateVariable+"="+state)
	}
	stack, replaced, err := w.stack(ctx, program, changes, env)
	if err != nil {
		return nil, err
	}
	result := &Result{Replaced: replaced}
	flags := []string{}
	if w.pack != "" {
		flags = append(flags, "--policy-pack", w.pack)
	}
	start := time.Now()
	ran, failed := stack.Preview(ctx, flags...)
	if ran == nil {
		return nil, failed
	}
	result.Elapsed, result.Steps = time.Since(start), ran.Steps
	if err := result.read(report, resources); err != nil {
		return result, errors.Join(failed, err)
	}
	if failed == nil || result.Report != nil {
		result.Plan = planOf(ran.Steps)
		if w.sources {
			result.Sources, err = stack.Sources(ctx)
		}
	}
	return result, errors.Join(failed, err)
}

// read takes what the pack wrote, if it got that far.
func (r *Result) read(report, resources string) (err error) {
	for path, into := range map[string]*[]byte{report: &r.Raw, resources: &r.Resources} {
		if *into, err = os.ReadFile(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if r.Raw == nil {
		return nil
	}
	r.Report = &Report{}
	if err := json.Unmarshal(r.Raw, r.Report); err != nil {
		return fmt.Errorf("the policy pack's report: %w", err)
	}
	return nil
}
