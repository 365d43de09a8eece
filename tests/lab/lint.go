package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"ecommerce-platform/tests/lab/toolchain"
)

// compiled are the settings that the tests of a module compile with, so that the linters need not compile it anew.
var compiled = map[string][]string{
	".":      {"GOFLAGS=-trimpath"},
	"policy": {"GOFLAGS=-trimpath", "CGO_ENABLED=0"},
}

// lint runs every linter and reports all that fail.
func lint(ctx context.Context) error {
	root, err := toolchain.Source("..", "..")
	if err != nil {
		return err
	}
	if err := toolchain.Commands(ctx, "shellcheck"); err != nil {
		return err
	}
	golangci, err := toolchain.Tool(ctx, "golangci-lint")
	if err != nil {
		return err
	}
	shfmt, err := toolchain.Tool(ctx, "shfmt")
	if err != nil {
		return err
	}
	tracked, err := toolchain.Command{Dir: root, Args: []string{"git", "ls-files", "*.sh", ".ci/run"}}.Output(ctx)
	if err != nil {
		return err
	}
	scripts := strings.Fields(tracked)

	cache, err := toolchain.CacheDir()
	if err != nil {
		return err
	}
	// golangci-lint remembers its findings by a file's content, with the path of the checkout that it saw it in.
	checkout := fmt.Sprintf("%x", sha256.Sum256([]byte(root)))[:12]
	env := slices.Clip(append(os.Environ(), "GOLANGCI_LINT_CACHE="+filepath.Join(cache, "lint", checkout)))

	var failed []error
	check := func(dir, name string, args ...string) {
		fmt.Println("==", filepath.Base(name), strings.Join(args, " "), "in", dir)
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = filepath.Join(root, dir), append(env, compiled[dir]...), os.Stdout, os.Stderr
		if err := cmd.Run(); err != nil {
			failed = append(failed, fmt.Errorf("%s in %s: %w", filepath.Base(name), dir, err))
		}
	}
	for _, module := range []string{".", "cluster/versions", "policy", "tests/lab", "workloads/shop"} {
		check(module, "go", "vet", "-tags", "lab", "./...")
		check(module, golangci, "run", "--build-tags", "lab,lifecycle", "--config", filepath.Join(root, ".golangci.yml"), "./...")
	}
	check(".", "shellcheck", append([]string{"--external-sources"}, scripts...)...)
	check(".", shfmt, append([]string{"--diff"}, scripts...)...)
	return errors.Join(failed...)
}
