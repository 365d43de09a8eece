package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strings"

	"ecommerce-platform/tests/lab/toolchain"
)

// lint runs every linter and reports all that fail.
func lint(ctx context.Context) error {
	if err := toolchain.Commands(ctx, "shellcheck"); err != nil {
		return err
	}
	tools := map[string]string{}
	for _, name := range []string{"golangci-lint", "shfmt", "actionlint"} {
		var err error
		if tools[name], err = toolchain.Tool(ctx, name); err != nil {
			return err
		}
	}
	c, err := newChecks()
	if err != nil {
		return err
	}
	tracked, err := toolchain.Command{Dir: c.root, Args: []string{"git", "ls-files", "*.sh", ".ci/run"}}.Output(ctx)
	if err != nil {
		return err
	}
	scripts := strings.Fields(tracked)
	cache, err := toolchain.CacheDir()
	if err != nil {
		return err
	}
	// golangci-lint remembers its findings by a file's content, with the path of the checkout that it saw it in.
	checkout := fmt.Sprintf("%x", sha256.Sum256([]byte(c.root)))[:12]
	c.env = append(c.env, "GOLANGCI_LINT_CACHE="+filepath.Join(cache, "lint", checkout))

	for _, module := range modules {
		c.run(ctx, module, "go", "vet", "-tags", "lab", "./...")
		c.run(ctx, module, tools["golangci-lint"], "run", "--build-tags", "lab,lifecycle", "--config", filepath.Join(c.root, ".golangci.yml"), "./...")
	}
	c.run(ctx, ".", "shellcheck", append([]string{"--external-sources"}, scripts...)...)
	c.run(ctx, ".", tools["shfmt"], append([]string{"--diff"}, scripts...)...)
	// With the workflows' own scripts, by shellcheck.
	c.run(ctx, ".", tools["actionlint"])
	return c.failures()
}
