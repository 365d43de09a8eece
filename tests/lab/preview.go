package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"ecommerce-platform/tests/lab/preview"
	"ecommerce-platform/tests/lab/toolchain"
)

// previewProgram previews this checkout with the policy pack. BASE names a revision that is deployed before, in model mode, so that the
// preview is of a change to what runs. REPORT, RESOURCES, DIFF and SOURCES name files for the pack's report, for the resources that it
// is of, for the plan, from which the difference between two checkouts is made, and for where the program registers each resource;
// BASE_REPORT, BASE_RESOURCES and BASE_DIFF those of the base; all are JSON.
func previewProgram(ctx context.Context) (err error) {
	if err := toolchain.ChooseSources(ctx); err != nil {
		return err
	}
	options := preview.Options{Output: os.Stdout, Sources: os.Getenv("SOURCES") != ""}
	if revision := os.Getenv("BASE"); revision != "" {
		base, remove, err := checkOut(ctx, revision)
		if err != nil {
			return fmt.Errorf("BASE %q: %w", revision, err)
		}
		defer func() { err = errors.Join(err, remove()) }()
		options.Base = base
	}
	result, err := preview.Run(ctx, options)
	if result == nil {
		return err
	}
	err = errors.Join(err, keep(result, ""), writeJSON("SOURCES", result.Sources))
	if result.Base != nil {
		err = errors.Join(err, keep(result.Base, "BASE_"))
	}
	fmt.Println(result.Summary(err))
	return preview.Brief(err)
}

// checkOut puts a revision of this repository into a directory of its own, which the function that it returns removes.
func checkOut(ctx context.Context, revision string) (dir string, remove func() error, err error) {
	repository, err := toolchain.Source("..", "..")
	if err != nil {
		return "", nil, err
	}
	parent, err := os.MkdirTemp("", "ecommerce-platform-base-")
	if err != nil {
		return "", nil, err
	}
	dir = filepath.Join(parent, "base")
	git := func(ctx context.Context, args ...string) error {
		_, err := toolchain.Command{Dir: repository, Args: append([]string{"git"}, args...)}.Output(ctx)
		return err
	}
	remove = func() error {
		// The repository forgets a worktree whose directory is gone.
		return errors.Join(os.RemoveAll(parent), git(context.WithoutCancel(ctx), "worktree", "prune"))
	}
	if err := git(ctx, "worktree", "add", "--detach", dir, revision); err != nil {
		return "", nil, errors.Join(err, remove())
	}
	return dir, remove, nil
}

// keep writes a result to the files that variables with this prefix name.
func keep(result *preview.Result, prefix string) error {
	return errors.Join(write(prefix+"REPORT", result.Raw), write(prefix+"RESOURCES", result.Resources), writeJSON(prefix+"DIFF", result.Plan))
}

// writeJSON writes a map, where there is one, to the file that the variable names.
func writeJSON[M ~map[string]V, V any](variable string, content M) error {
	if content == nil {
		return write(variable, nil)
	}
	body, err := json.MarshalIndent(content, "", " ")
	if err != nil {
		return err
	}
	return write(variable, body)
}

// write writes to the file that the variable names, if it is set.
func write(variable string, content []byte) error {
	path := os.Getenv(variable)
	switch {
	case path == "":
		return nil
	case len(content) == 0:
		return fmt.Errorf("%s %q: not written, the preview ended before there was anything to write", variable, path)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return fmt.Errorf("%s: %w", variable, err)
	}
	return nil
}
