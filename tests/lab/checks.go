package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"ecommerce-platform/tests/lab/toolchain"
)

// modules are the directories of this repository's Go modules, but for the toolchain's.
var modules = []string{".", "cluster/versions", "policy", "tests/lab", "workloads/shop"}

// compiled are the settings that the tests of a module compile with, so that checks need not compile it anew.
var compiled = map[string][]string{
	".":      {"GOFLAGS=-trimpath"},
	"policy": {"GOFLAGS=-trimpath", "CGO_ENABLED=0"},
}

// checks are programs that run on this repository, one after the other, whichever of them fail.
type checks struct {
	root   string
	env    []string
	failed []error
}

func newChecks() (*checks, error) {
	root, err := toolchain.Source("..", "..")
	return &checks{root: root, env: os.Environ()}, err
}

func (c *checks) run(ctx context.Context, dir, name string, args ...string) {
	fmt.Println("==", filepath.Base(name), strings.Join(args, " "), "in", dir)
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = filepath.Join(c.root, dir), slices.Concat(c.env, compiled[dir]), os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		c.failed = append(c.failed, fmt.Errorf("%s in %s: %w", filepath.Base(name), dir, err))
	}
}

func (c *checks) failures() error { return errors.Join(c.failed...) }
