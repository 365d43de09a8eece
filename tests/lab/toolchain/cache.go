// Package toolchain builds the programs the lab runs, once, into a cache outside the checkout.
package toolchain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// CacheDir is where everything the lab builds or downloads lives; it is made if missing.
func CacheDir() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("cache directory: %w", err)
	}
	dir := filepath.Join(base, "ecommerce-platform")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("cache directory: %w", err)
	}
	return dir, nil
}

// module is the lab's own, in the top of whose source tree its go.mod lies.
const module = "module ecommerce-platform/tests/lab\n"

// Source is the absolute path of a file or directory of the lab's own source tree, in which the process has to have been started.
func Source(elem ...string) (string, error) {
	// Tool modules cannot be embedded: go:embed stops at a go.mod.
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("lab source tree: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(text), module) {
			path := filepath.Join(append([]string{dir}, elem...)...)
			if _, err := os.Stat(path); err != nil {
				return "", fmt.Errorf("lab source tree: %w", err)
			}
			return path, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("lab source tree: %s is not in one; run the lab from its checkout", start)
		}
	}
}

// Lock serialises work on one thing of the cache between processes. The returned function releases it.
func Lock(ctx context.Context, name string) (func(), error) {
	cache, err := CacheDir()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(cache, "locks")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	lock := flock.New(filepath.Join(dir, name))
	got, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	if !got {
		done := Step("waiting for another process that works on " + name)
		_, err := lock.TryLockContext(ctx, 200*time.Millisecond)
		done(err)
		if err != nil {
			return nil, fmt.Errorf("lock %s: %w", name, err)
		}
	}
	return func() { _ = lock.Unlock() }, nil
}

// Publish fills a fresh directory and moves it to dir in one step, so that what exists is complete. Callers hold a
// lock on what they publish; what an interrupted run of theirs left is removed.
func Publish(dir string, fill func(temporary string) error) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	unfinished := filepath.Join(filepath.Dir(dir), ".new-"+filepath.Base(dir)+"-")
	left, err := filepath.Glob(unfinished + "*")
	if err != nil {
		return err
	}
	for _, path := range left {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	temporary, err := os.MkdirTemp(filepath.Dir(dir), filepath.Base(unfinished)+"*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(temporary) }()
	if err := os.Chmod(temporary, 0o755); err != nil {
		return err
	}
	if err := fill(temporary); err != nil {
		return err
	}
	return os.Rename(temporary, dir)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Link gives a file a second name, or a copy where the file system has no hard links between the two.
func Link(from, to string) error {
	if err := os.Link(from, to); err == nil {
		return nil
	}
	return Copy(from, to)
}

// Copy copies a regular file with its permission bits.
func Copy(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, info.Mode().Perm())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(out, in)
	return err
}
