package platform

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"ecommerce-platform/tests/lab/engine"
	"ecommerce-platform/tests/lab/mirror"
)

// Attach opens a lab that is up and that another process holds: nothing of it is started, configured or locked.
func Attach(ctx context.Context, options Options) (*Lab, error) {
	l, err := newLab(options)
	if err != nil {
		return nil, err
	}
	if l.env, err = l.environment(ctx); err != nil {
		return nil, err
	}
	l.Stack, err = l.StackOf(ctx, l.options.Program)
	return l, err
}

// StackOf is the lab's stack with the program in another directory, or with more variables: the same state, configuration and machines.
func (l *Lab) StackOf(ctx context.Context, program string, env ...string) (*engine.Stack, error) {
	workspace, err := engine.New(ctx, engine.Options{
		Program: program, Dir: filepath.Join(l.Dir, "pulumi"), Output: l.options.Output, Env: append(slices.Clone(l.env), env...), Machines: true,
	})
	if err != nil {
		return nil, err
	}
	return workspace.Stack(ctx, "dev")
}

// environment is what the providers are told of the lab, whose mirror runs.
func (l *Lab) environment(ctx context.Context) ([]string, error) {
	image, err := l.options.Mirror.Debian.Machine().Build(ctx)
	if err != nil {
		return nil, err
	}
	return []string{
		"TWIN_MODE=machine", "TWIN_NAME=" + l.Name, "TWIN_STATE=" + filepath.Join(l.Dir, "twin"),
		"TWIN_IMAGE=" + image, "TWIN_MIRROR=" + mirror.Container(l.Name),
		"TWIN_QUOTAS=" + os.Getenv("TWIN_QUOTAS"), "TWIN_LATE=" + os.Getenv("TWIN_LATE"),
	}, nil
}
