package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"

	"ecommerce-platform/tests/lab/toolchain"
)

// built is a module below toolchain/modules that builds commands of others. Where they are all of one module, that is main.
type built struct {
	name, main, version string
	packages            []string
}

// build writes the go.mod of a module, unless it says all that already.
func (b *bumper) build(ctx context.Context, modules string, m built) error {
	dir := filepath.Join(modules, m.name)
	path := filepath.Join(dir, "go.mod")
	wanted := m.packages
	if m.main != "" {
		wanted = []string{m.main}
	}
	if old, err := readModule(path); err == nil {
		has := map[string]string{}
		for _, r := range old.Require {
			has[r.Mod.Path] = r.Mod.Version
		}
		if !slices.ContainsFunc(wanted, func(module string) bool { return has[module] != "v"+m.version }) {
			return nil
		}
	}
	fresh := new(modfile.File)
	if err := fresh.AddModuleStmt("lab/toolchain/" + m.name); err != nil {
		return err
	}
	for _, module := range wanted {
		_, theirs, err := b.download(ctx, module+"@v"+m.version)
		if err != nil {
			return err
		}
		if err := fresh.AddGoStmt(theirs.Go.Version); err != nil {
			return err
		}
		// Only a main module's own replacements count: what lies beside Kubernetes in its repository is published as well.
		for _, r := range theirs.Replace {
			if strings.HasPrefix(r.New.Path, "./staging/") {
				if err := fresh.AddReplace(r.Old.Path, "", r.Old.Path, staging(m.version)); err != nil {
					return err
				}
			}
		}
		if err := fresh.AddRequire(module, "v"+m.version); err != nil {
			return err
		}
	}
	for _, name := range m.packages {
		if err := fresh.AddTool(name); err != nil {
			return err
		}
	}
	return b.write(ctx, path, fresh)
}

// follow makes a module that compiles Kubernetes and CloudNativePG in require the default release with all of its parts, and the version of
// the table.
func (b *bumper) follow(ctx context.Context, dir string) error {
	path := filepath.Join(dir, "go.mod")
	file, err := readModule(path)
	if err != nil {
		return err
	}
	version := b.table.Kubernetes.New().Version
	_, theirs, err := b.download(ctx, kubernetesModule+"@v"+version)
	if err != nil {
		return err
	}
	before := string(modfile.Format(file.Syntax))
	parts := map[string]bool{}
	for _, r := range theirs.Replace {
		parts[r.Old.Path] = true
		if err := file.AddReplace(r.Old.Path, "", r.Old.Path, staging(version)); err != nil {
			return err
		}
	}
	for _, r := range slices.Clone(file.Require) {
		switch {
		case r.Mod.Path == kubernetesModule:
			err = file.AddRequire(r.Mod.Path, "v"+version)
		case r.Mod.Path == toolchain.CloudNativePGModule:
			err = file.AddRequire(r.Mod.Path, "v"+b.table.CloudNativePG.Version)
		case parts[r.Mod.Path]:
			err = file.AddRequire(r.Mod.Path, staging(version))
		}
		if err != nil {
			return err
		}
	}
	if string(modfile.Format(file.Syntax)) == before {
		return nil
	}
	return b.write(ctx, path, file)
}

// staging is the version under which Kubernetes publishes the parts of one of its releases.
func staging(version string) string { return "v0." + strings.TrimPrefix(version, "1.") }

// write writes a go.mod and completes it.
func (b *bumper) write(ctx context.Context, path string, file *modfile.File) error {
	file.Cleanup()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, modfile.Format(file.Syntax), 0o644); err != nil {
		return err
	}
	fmt.Println("==", path)
	_, err := command(ctx, filepath.Dir(path), "go", "mod", "tidy")
	return err
}
