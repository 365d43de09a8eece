package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"ecommerce-platform/tests/lab/engine"
)

// idleRuns is how often each operation is measured; the medians are compared.
const idleRuns = 5

// idleTimes are medians of operations that change nothing. What lies between the platform's and those of a program without a
// single resource is the program's and its providers', the rest is the engine's.
type idleTimes struct{ Up, Preview time.Duration }

// measureIdle times operations on a stack on which nothing is left to do.
func measureIdle(ctx context.Context, stack *engine.Stack) (idleTimes, error) {
	var times idleTimes
	for _, o := range []struct {
		name  string
		run   func(context.Context, ...string) (*engine.Result, error)
		store *time.Duration
	}{
		{"preview", stack.Preview, &times.Preview},
		{"up", stack.Up, &times.Up},
	} {
		var measured []time.Duration
		// The first run finds caches cold and is not counted.
		for range idleRuns + 1 {
			start := time.Now()
			result, err := o.run(ctx)
			if err != nil {
				return times, err
			}
			if changed := result.Describe(); len(changed) > 0 {
				return times, fmt.Errorf("%s of a stack on which nothing is left to do would change %q", o.name, changed)
			}
			measured = append(measured, time.Since(start))
		}
		*o.store = median(measured[1:])
	}
	return times, nil
}

// emptyProgram is a program without resources.
const emptyProgram = `package main

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

func main() { pulumi.Run(func(*pulumi.Context) error { return nil }) }
`

// measureEmpty measures a program without resources, with the engine and the SDK of the program in a directory.
func measureEmpty(ctx context.Context, program string, output io.Writer) (times idleTimes, err error) {
	dir, err := os.MkdirTemp("", "ecommerce-platform-empty-")
	if err != nil {
		return times, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	empty := filepath.Join(dir, "program")
	if err := os.Mkdir(empty, 0o700); err != nil {
		return times, err
	}
	files := map[string]string{"main.go": emptyProgram, "Pulumi.yaml": "name: empty\nruntime: go\n"}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(program, name))
		if err != nil {
			return times, err
		}
		files[name] = string(text)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(empty, name), []byte(text), 0o600); err != nil {
			return times, err
		}
	}
	workspace, err := engine.New(ctx, engine.Options{Program: empty, Dir: filepath.Join(dir, "pulumi"), Output: output})
	if err != nil {
		return times, err
	}
	stack, err := workspace.Stack(ctx, "dev")
	if err != nil {
		return times, err
	}
	if _, err := stack.Up(ctx); err != nil {
		return times, err
	}
	return measureIdle(ctx, stack)
}
