package toolchain

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/renameio/v2"
	"golang.org/x/mod/modfile"
)

// patience is how long an incremental build may take without a word.
const patience = 3 * time.Second

// PolicyPack returns the policy pack of this checkout as an executable, which pulumi takes for --policy-pack.
func PolicyPack(ctx context.Context) (string, error) {
	source, err := Source("..", "..", "policy")
	if err != nil {
		return "", err
	}
	return ownIn(ctx, source, "platform-policy", ".")
}

// Verdict returns the command that answers what the policy pack of this checkout says of a change.
func Verdict(ctx context.Context) (string, error) {
	source, err := Source("..", "..", "policy")
	if err != nil {
		return "", err
	}
	return ownIn(ctx, source, "policy-verdict", "./cmd/verdict")
}

// own builds one of the lab's own commands.
func own(ctx context.Context, name, pkg string) (string, error) {
	source, err := Source()
	if err != nil {
		return "", err
	}
	return ownIn(ctx, source, name, pkg)
}

// ownIn builds a command of this repository's module in source, unless it has been built of the same sources. The go command decides
// what has to be compiled, and the binary's content names the directory, so that a change of source never replaces a program that runs.
func ownIn(ctx context.Context, source, name, pkg string) (string, error) {
	cache, err := CacheDir()
	if err != nil {
		return "", err
	}
	unlock, err := Lock(ctx, "build-"+name)
	if err != nil {
		return "", err
	}
	defer unlock()
	dir, err := ownDir(ctx, cache, source, name, pkg)
	if err != nil {
		return "", fmt.Errorf("tool %s: %w", name, err)
	}
	return filepath.Join(dir, name), nil
}

// ownDir is the directory of the command's binary.
func ownDir(ctx context.Context, cache, source, name, pkg string) (string, error) {
	sources, err := sourcesKey(ctx, source)
	if err != nil {
		return "", err
	}
	bin, known := filepath.Join(cache, "bin"), filepath.Join(cache, "own", name+"-"+sources)
	text, err := os.ReadFile(known)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	dir := filepath.Join(bin, string(text))
	if err != nil || !exists(filepath.Join(dir, name)) {
		if dir, err = buildOwn(ctx, bin, source, name, pkg); err != nil {
			return "", err
		}
		if err := os.MkdirAll(filepath.Dir(known), 0o755); err != nil {
			return "", err
		}
		if err := renameio.WriteFile(known, []byte(filepath.Base(dir)), 0o644); err != nil {
			return "", err
		}
	}
	return dir, errors.Join(Asked(known, StaleBuild), Asked(dir, StaleBuild))
}

// sourcesKey is a digest of all that decides what a build of the module in source makes: its files, those of modules beside it, the
// compiler, and its settings.
func sourcesKey(ctx context.Context, source string) (string, error) {
	file := filepath.Join(source, "go.mod")
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	module, err := modfile.Parse(file, text, nil)
	if err != nil {
		return "", err
	}
	compiler, err := goVersion(ctx, source)
	if err != nil {
		return "", err
	}
	parts := append([]string{compiler}, slices.Concat(flags, environment)...)
	dirs := []string{source}
	for _, r := range module.Replace {
		if r.New.Version == "" {
			dirs = append(dirs, filepath.Join(source, r.New.Path))
		}
	}
	for _, dir := range dirs {
		tree, err := TreeKey(dir)
		if err != nil {
			return "", err
		}
		parts = append(parts, tree)
	}
	return Key(parts...), nil
}

// buildOwn compiles the command, and returns the directory below bin that holds it.
func buildOwn(ctx context.Context, bin, source, name, pkg string) (string, error) {
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return "", err
	}
	temporary, err := os.MkdirTemp(bin, ".new-*")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(temporary) }()
	built := filepath.Join(temporary, name)
	done := stepIfSlow("building "+name, patience)
	err = goBuild(ctx, source, "-ldflags", "-s -w", "-o", built, pkg)
	done(err)
	if err != nil {
		return "", err
	}
	key, err := fileKey(built)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(bin, name+"-"+key[:keyLength])
	if exists(filepath.Join(dir, name)) {
		return dir, nil
	}
	return dir, Publish(dir, func(fresh string) error { return os.Rename(built, filepath.Join(fresh, name)) })
}
