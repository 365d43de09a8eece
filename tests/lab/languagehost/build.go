package languagehost

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
)

// program is a built executable, locked so that it stays the one that was built until it has been started.
type program struct {
	path string
	lock *flock.Flock
}

// build compiles the main package in dir. The executable has a place of its own in the user's cache, where `go build`
// leaves it alone when nothing changed; target, if given, is another place for it.
func build(ctx context.Context, dir, target string, stdout, stderr io.Writer) (*program, error) {
	if found, err := filepath.Glob(filepath.Join(dir, "*.go")); err != nil || len(found) == 0 {
		return nil, fmt.Errorf("program directory %q: holds no Go files", dir)
	}
	if target == "" {
		var err error
		if target, err = cachePath(dir); err != nil {
			return nil, err
		}
	} else if !filepath.IsAbs(target) {
		target = filepath.Join(dir, target)
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return nil, err
	}
	lock := flock.New(target + ".lock")
	if err := lock.Lock(); err != nil {
		return nil, fmt.Errorf("%s.lock: %w", target, err)
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", target, ".")
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, stdout, stderr
	if err := cmd.Run(); err != nil {
		_ = lock.Unlock() // the end of the host releases it in any case
		return nil, fmt.Errorf("go build in %s: %w", dir, err)
	}
	built := &program{target, lock}
	if info, err := os.Stat(target); err != nil || info.Mode()&0o111 == 0 {
		built.release()
		return nil, fmt.Errorf("program directory %q: its package is not main", dir)
	}
	return built, nil
}

// release lets others build the program again.
func (p *program) release() {
	if p.lock != nil {
		_ = p.lock.Unlock() // the end of the host releases it in any case
	}
}

// cachePath is the executable's place for programs in dir. Builds with other settings have another place, or each would
// undo what the other one left there.
func cachePath(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	settings := []string{dir}
	for _, name := range []string{"GOFLAGS", "GOOS", "GOARCH", "CGO_ENABLED", "GOEXPERIMENT"} {
		settings = append(settings, os.Getenv(name))
	}
	key := sha256.Sum256([]byte(strings.Join(settings, "\x00")))
	return filepath.Join(cache, "ecommerce-platform", "programs", hex.EncodeToString(key[:8]), filepath.Base(dir)), nil
}
