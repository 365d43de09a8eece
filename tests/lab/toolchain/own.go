package toolchain

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
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

// own builds one of the lab's own commands.
func own(ctx context.Context, name, pkg string) (string, error) {
	source, err := Source()
	if err != nil {
		return "", err
	}
	return ownIn(ctx, source, name, pkg)
}

// ownIn builds a command of this repository's module in source. The go command decides what has to be compiled, and the
// binary's content names the directory, so that a change of source never replaces a program that runs.
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
	bin := filepath.Join(cache, "bin")
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
		return "", fmt.Errorf("tool %s: %w", name, err)
	}
	key, err := fileKey(built)
	if err != nil {
		return "", fmt.Errorf("tool %s: %w", name, err)
	}
	dir := filepath.Join(bin, name+"-"+key[:keyLength])
	if !exists(filepath.Join(dir, name)) {
		err = Publish(dir, func(fresh string) error { return os.Rename(built, filepath.Join(fresh, name)) })
	}
	if err == nil {
		err = Asked(dir, StaleBuild)
	}
	if err != nil {
		return "", fmt.Errorf("tool %s: %w", name, err)
	}
	return filepath.Join(dir, name), nil
}
