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

// Options say what is previewed and where the results go.
type Options struct {
	// Program is the directory of the Pulumi program. Default, this checkout's.
	Program string
	// Pack is the policy pack's executable. Default, built from this checkout. NoPack leaves it out.
	Pack   string
	NoPack bool
	// Changes are config values over those of Pulumi.dev.yaml; nil unsets one.
	Changes map[string]any
	// Output is where the CLI writes as it goes. Default, nowhere.
	Output io.Writer
}

// Result is what a preview found.
type Result struct {
	// Report is what the pack computed, nil where it did not get that far.
	Report *Report
	// Raw is the report as the pack wrote it.
	Raw []byte
	// Plan is every resource as it would be deployed, nil where the program ended before it had declared them all.
	Plan Plan
	// Elapsed is how long the engine took, program and pack included.
	Elapsed time.Duration
	// Replaced are the values of Pulumi.dev.yaml that only its owner can decrypt; the preview goes without them.
	Replaced []string
}

// Run previews the program with the pack. An error with a Result besides means that a policy or the program refused.
func Run(ctx context.Context, options Options) (*Result, error) {
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
	report := filepath.Join(dir, reportFile)
	workspace, err := engine.New(ctx, engine.Options{
		Program: options.Program, Dir: filepath.Join(dir, "pulumi"), Output: options.Output,
		Env: []string{
			"TWIN_MODE=model", "TWIN_STATE=" + filepath.Join(dir, "account"), reportVariable + "=" + report,
		},
	})
	if err != nil {
		return nil, err
	}
	stack, err := workspace.Stack(ctx, stackName)
	if err != nil {
		return nil, err
	}
	result := &Result{}
	if result.Replaced, err = configure(ctx, stack, options.Program, options.Changes); err != nil {
		return nil, err
	}

	flags := []string{}
	if options.Pack != "" {
		flags = append(flags, "--policy-pack", options.Pack)
	}
	start := time.Now()
	ran, failed := stack.Preview(ctx, flags...)
	if ran == nil {
		return nil, failed
	}
	result.Elapsed = time.Since(start)
	if err := result.read(report); err != nil {
		return result, errors.Join(failed, err)
	}
	if failed == nil || result.Report != nil {
		result.Plan = planOf(ran.Steps)
	}
	return result, failed
}

// read takes the pack's report, if it wrote one.
func (r *Result) read(path string) error {
	body, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	r.Raw, r.Report = body, &Report{}
	if err := json.Unmarshal(body, r.Report); err != nil {
		return fmt.Errorf("the policy pack's report: %w", err)
	}
	return nil
}
